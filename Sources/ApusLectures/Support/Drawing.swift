import Apus

extension Figure.Size {
  /// A panel of an experiment's figure.
  static let lecture = Figure.Size(460, 370)
}

extension [EpochRecord] {
  /// A line of a number against the epoch.
  func line(_ name: String, _ number: (EpochRecord) -> Double?) -> Series {
    .line(name, x: map { Double($0.epoch) }, y: map { number($0) ?? .nan }, markers: false)
  }
}

extension Axis {
  /// Epochs, whole numbers.
  static let epochs = Axis("epoch", isWhole: true)
  /// The numbers of layers.
  static let layers = Axis("layer k", isWhole: true)
}
