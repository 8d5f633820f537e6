/// Random changes of pictures while a network trains, so that it never sees the same picture twice.
///
/// ```swift
/// let gentle = try Augmentation("shift=2,rotate=10,zoom=0.1")
/// for batch in data.batches(of: 128, seed: 1, epoch: 3, augmentation: gentle) { ... }
/// ```
/// What a picture becomes is a pure function of (seed, epoch, sample): the same for any number of threads and after a
/// resume. The changes of place (shift, rotation, zoom, shear, flips, crop) are composed into one affine map and one pass
/// of bilinear sampling with zeros around the picture; then contrast, brightness, noise, cutout and mixup follow in that
/// order. All act on values as they are in the file; bytes stay within 0 to 255. Amounts in parts are parts of the
/// range of the values: 255 for bytes, 1 for others. Masks of pixels' classes take every change of place by their nearest
/// pixels; what comes from outside the picture has no class. Mixup is not for them.
///
/// References: Best Practices for Convolutional Neural Networks; Simard, Steinkraus, Platt; 2003. Improved
/// Regularization of Convolutional Neural Networks with Cutout; DeVries, Taylor; 2017; https://arxiv.org/abs/1708.04552.
/// mixup: Beyond Empirical Risk Minimization; Zhang, Cisse, Dauphin, Lopez-Paz; 2018; https://arxiv.org/abs/1710.09412
public struct Augmentation: Codable, Sendable, Hashable, CustomStringConvertible {
  /// `shift`: along each axis by up to so many pixels, uniformly, fractions of pixels included.
  public var shift = 0.0
  /// `rotate`: about the centre by up to so many degrees either way, uniformly.
  public var rotation = 0.0
  /// `zoom`: by a factor from 1 / (1 + zoom) to 1 + zoom, uniformly in its logarithm.
  public var zoom = 0.0
  /// `shear`: slanted along the horizontal axis by up to so many degrees either way, uniformly.
  public var shear = 0.0
  /// `crop`: the picture is framed by so many zeros on each side and a part of its own size cut out at random: a shift by
  /// whole pixels.
  public var crop = 0.0
  /// `flip`: left and right change places in one picture of two.
  public var flipsHorizontally = false
  /// `flip-vertical`: top and bottom change places in one picture of two.
  public var flipsVertically = false
  /// `brightness`: up to so large a part of the range is added or subtracted, uniformly.
  public var brightness = 0.0
  /// `contrast`: distances from the picture's mean are multiplied by 1 - contrast to 1 + contrast, uniformly.
  public var contrast = 0.0
  /// `noise`: noise of this standard deviation, a part of the range, is added to every value: the sum of four uniform
  /// numbers, bell-shaped and never beyond 3.5 deviations.
  public var noise = 0.0
  /// `cutout`: a square with sides of so many pixels around a random point becomes zero, where it is inside the picture.
  public var cutout = 0.0
  /// `mixup`: a part `t` of each picture and `1 - t` of another of the batch are added, their targets likewise; `t` is
  /// distributed as Beta(mixup, mixup). Labels become f32 `[N, classes]`.
  public var mixup = 0.0

  /// No changes.
  public init() {}

  /// Gentle changes for handwritten digits and other small pictures with an upright way: `shift=2,rotate=10,zoom=0.1,shear=5`.
  public static let standard: Augmentation = {
    var gentle = Augmentation()
    (gentle.shift, gentle.rotation, gentle.zoom, gentle.shear) = (2, 10, 0.1, 5)
    return gentle
  }()

  /// The changes that a text names: terms like `shift=2` or `flip` with commas between them, `standard` for those of
  /// ``standard``, which later terms may change.
  ///
  /// - Throws: ``DataError`` when a term is unknown or its number impossible.
  public init(_ text: String) throws {
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let term = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.filter { $0 != " " }
      }
      try set(term[0].lowercased(), term.count > 1 ? term[1] : nil)
    }
  }

  /// A change with an amount.
  private struct Amount {
    let name: String
    let path: WritableKeyPath<Augmentation, Double> & Sendable
    let limit: Double
    let isWhole: Bool

    init(
      _ name: String, _ path: WritableKeyPath<Augmentation, Double> & Sendable, _ limit: Double, isWhole: Bool = false
    ) {
      self.name = name
      self.path = path
      self.limit = limit
      self.isWhole = isWhole
    }
  }

  private static let amounts = [
    Amount("shift", \.shift, 10_000), Amount("rotate", \.rotation, 180), Amount("zoom", \.zoom, 10),
    Amount("shear", \.shear, 80), Amount("crop", \.crop, 10_000, isWhole: true), Amount("noise", \.noise, 1),
    Amount("cutout", \.cutout, 10_000, isWhole: true), Amount("brightness", \.brightness, 1),
    Amount("contrast", \.contrast, 1), Amount("mixup", \.mixup, 100),
  ]

  private mutating func set(_ name: String, _ value: String?) throws {
    switch name {
    case "standard" where value == nil: self = .standard
    case "flip" where value == nil: flipsHorizontally = true
    case "flip-vertical" where value == nil: flipsVertically = true
    default:
      guard let amount = Self.amounts.first(where: { $0.name == name }) else {
        let names = Self.amounts.map { $0.name + "=" } + ["flip", "flip-vertical", "standard"]
        throw DataError(
          place: "--augment", problem: "knows no change '\(name)\(value.map { "=" + $0 } ?? "")'",
          advice: "choose from \(names.joined(separator: ", "))")
      }
      guard let value, let number = Double(value) else {
        throw DataError(
          place: "--augment", problem: "'\(name)' needs a number, got '\(value ?? "")'",
          advice: "write it as \(name)=\(amount.isWhole ? "2" : amount.limit <= 10 ? "0.1" : "10")")
      }
      self[keyPath: amount.path] = number
      if let problem = problem(amount) { throw problem }
    }
  }

  private func problem(_ amount: Amount) -> DataError? {
    let value = self[keyPath: amount.path]
    let isPossible = value >= 0 && value <= amount.limit && (!amount.isWhole || value == value.rounded())
    guard !isPossible else { return nil }
    return DataError(
      place: "--augment", problem: "'\(amount.name)' cannot be \(Self.text(value))",
      advice: "give a \(amount.isWhole ? "whole " : "")number from 0 to \(Self.text(amount.limit))")
  }

  /// Checks that every amount is possible.
  ///
  /// - Throws: ``DataError`` that names the first one that is not.
  public func validate() throws {
    for amount in Self.amounts {
      if let problem = problem(amount) { throw problem }
    }
  }

  private static func text(_ value: Double) -> String { Int(exactly: value).map { String($0) } ?? "\(value)" }

  /// The text that names the changes; empty when there are none.
  public var description: String {
    var terms = Self.amounts.compactMap { amount in
      let value = self[keyPath: amount.path]
      return value == 0 ? nil : "\(amount.name)=\(Self.text(value))"
    }
    if flipsHorizontally { terms.append("flip") }
    if flipsVertically { terms.append("flip-vertical") }
    return terms.joined(separator: ",")
  }

  /// Whether pictures stay as they are.
  public var isIdentity: Bool { self == Augmentation() }

  /// Whether samples are pictures, `[channels, height, width]` of u8 or f32.
  public func fits(_ data: Dataset) -> Bool {
    data.sampleShape.rank == 3 && (data.inputType.dtype == .uint8 || data.inputType.dtype == .float32)
      && data.sampleShape.dropFirst().allSatisfy { $0 <= 1 << 15 }
  }

  /// Reads the text that names the changes.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    self.init()
    guard !text.isEmpty else { return }
    do {
      self = try Augmentation(text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
    }
  }

  /// Writes the text that names the changes.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
