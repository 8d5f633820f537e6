import ApusFormats
import ApusTensor

/// A data set in a numpy archive: `x_train` and `y_train`, and if wanted `x_validation`, `y_validation`, `x_test`,
/// `y_test`.
///
/// The `x` are samples `[N, ...]` of any element type. The `y` are class labels `[N]` (or `[N, 1]`), whole numbers from 0,
/// or the numbers of a regression `[N]` or `[N, outputs]`, which become f32 `[N, outputs]`. Without a kind, integers are
/// labels; real numbers are when they are whole and few differ (``TargetKind/usual(for:)``).
/// Pictures of bytes become `[N, channels, height, width]`: `[N, height, width]` is taken as gray, and `[N, height,
/// width, 1 or 3]` has its channels moved to the front. Everything else stays as it is.
public enum NPZDataset {
  private static let parts = ["train", "validation", "test"]

  /// The data set in a file.
  ///
  /// - Parameter kind: what the targets are; nil decides by those of the training part.
  /// - Throws: ``DataError`` when members are missing or do not fit each other, or labels are not whole numbers from 0;
  ///   `FormatError` when the file is missing or damaged.
  public static func load(_ path: String, kind: TargetKind? = nil) throws -> LoadedData {
    let members = parts.flatMap { ["x_" + $0, "y_" + $0] }
    let arrays = try NPZ.read(from: path, only: Set(members))
    guard arrays["x_train"] != nil, arrays["y_train"] != nil else {
      let missing = arrays["x_train"] == nil ? "x_train" : "y_train"
      let names = try NPZ.names(in: path).prefix(10).joined(separator: ", ")
      throw DataError(
        place: path, problem: "has no member \(missing) (it has: \(names.isEmpty ? "none" : names))",
        advice: "save it with numpy.savez(file, x_train=..., y_train=...)")
    }
    for part in parts {
      let (x, y) = (arrays["x_" + part], arrays["y_" + part])
      guard (x == nil) == (y == nil) else {
        let (there, missing) = x == nil ? ("y_", "x_") : ("x_", "y_")
        throw DataError(
          place: path, problem: "has \(there)\(part) but not \(missing)\(part)", advice: "give both or neither")
      }
    }
    if kind ?? RealTargets.kind(arrays["y_train"]) == .regression {
      let data = try parts.map { part -> Dataset? in
        guard let x = arrays["x_" + part], let y = arrays["y_" + part] else { return nil }
        let targets = try RealTargets.targets(in: y, place: "\(path), y_\(part)")
        return try Dataset(name: "\(path) \(part)", inputs: x.asPictures(), targets: targets, classNames: [])
      }
      return try loaded(path, data[0], data[1], data[2])
    }
    var labels: [String: [Int32]] = [:]
    for part in parts {
      if let x = arrays["x_" + part], let y = arrays["y_" + part] {
        labels[part] = try checkedLabels(x, y, part, path)
      }
    }
    let classNames = LabelReader.numbered(labels["train"]?.max() ?? 0)
    for part in parts.dropFirst() {
      if let bad = labels[part]?.firstIndex(where: { Int($0) >= classNames.count }) {
        throw DataError(
          place: path,
          problem: "label \(bad) of y_\(part) is \(labels[part]?[bad] ?? 0), but y_train has only \(classNames.count) "
            + "classes", advice: "give training samples of every class")
      }
    }
    func dataset(_ part: String) throws -> Dataset? {
      guard let x = arrays["x_" + part], let y = labels[part] else { return nil }
      return try Dataset(
        name: "\(path) \(part)", inputs: x.asPictures(), targets: HostArray(y, shape: [y.count]),
        classNames: classNames)
    }
    return try loaded(path, try dataset("train"), try dataset("validation"), try dataset("test"))
  }

  private static func loaded(
    _ path: String, _ train: Dataset?, _ validation: Dataset?, _ test: Dataset?
  ) throws -> LoadedData {
    guard let train else { throw DataError(place: path, problem: "has no member x_train", advice: "add it") }
    return try LoadedData(name: path, train: train, validation: validation, test: test)
  }

  private static func checkedLabels(
    _ x: HostArray, _ y: HostArray, _ part: String, _ path: String
  ) throws -> [Int32] {
    guard x.shape.rank >= 1, x.shape.elementCount > 0 else {
      throw DataError(
        place: path, problem: "x_\(part) \(x.shape) holds no samples", advice: "give at least one along the first axis")
    }
    let labels = try LabelReader.labels(in: y, place: "\(path), y_\(part)")
    guard labels.count == x.shape[0] else {
      throw DataError(
        place: path, problem: "x_\(part) has \(x.shape[0]) samples but y_\(part) \(labels.count) labels",
        advice: "give one label for each sample")
    }
    return labels
  }
}

extension HostArray {
  /// Byte pictures in the order `[N, channels, height, width]`; anything else unchanged.
  fileprivate func asPictures() -> HostArray {
    guard dtype == .uint8 else { return self }
    if shape.rank == 3 { return reshaped([shape[0], 1, shape[1], shape[2]]) }
    guard shape.rank == 4, shape[3] == 1 || shape[3] == 3, shape[1] != 1, shape[1] != 3 else { return self }
    let (count, pixels, channels) = (shape[0], shape[1] * shape[2], shape[3])
    return HostArray(type: TensorType([count, channels, shape[1], shape[2]], .uint8)) { target in
      withUnsafeBytes { source in
        for image in 0..<count {
          let start = image * pixels * channels
          for pixel in 0..<pixels {
            for channel in 0..<channels {
              target[start + channel * pixels + pixel] = source[start + pixel * channels + channel]
            }
          }
        }
      }
    }
  }
}
