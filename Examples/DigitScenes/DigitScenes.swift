import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Makes pictures of real handwritten digits on textured grounds, with masks that say which pixels are the digit's, for
/// networks that segment:
///
///     scripts/make-digit-masks scenes --train 2000 --test 300 --size 64 --seed 1
///     apus train unet --data scenes
///
/// The digits are MNIST's where it is found (`apus data list`), otherwise the 8x8 digits inside the library made larger;
/// training scenes are made of training digits only. The same seed makes the same files.
@main
enum DigitScenes {
  static func main() {
    do {
      try make(try Request(Array(CommandLine.arguments.dropFirst())))
    } catch {
      StandardStreams.error("make-digit-masks: \(error).\n")
      exit(1)
    }
  }

  private static func make(_ request: Request) throws {
    let data =
      try DataCatalog.entries().contains { $0.name == "mnist" && $0.isAvailable }
      ? DataCatalog.load("mnist") : DataCatalog.load("digits")
    for (part, digits, count) in [
      ("train", data.train, request.train), ("test", data.test ?? data.train, request.test),
    ] {
      let folder = "\(request.output)/\(part)"
      for name in ["images", "masks"] { try RunFolder("\(folder)/\(name)").create() }
      for index in 0..<count {
        var generator = PhiloxGenerator(
          seed: request.seed, stream: UInt64(part == "train" ? 0 : 1) << 32 | UInt64(index))
        let digit = Int.random(in: 0..<digits.count, using: &generator)
        let scene = Scene(try digits.batch([digit]).inputs, size: request.size, &generator)
        let number = String(repeating: "0", count: max(5 - "\(index)".count, 0)) + "\(index)"
        try PNG.write(scene.picture, to: "\(folder)/images/\(number).png")
        try PNG.write(scene.mask, to: "\(folder)/masks/\(number).png")
      }
    }
    StandardStreams.error(
      "\(request.train) + \(request.test) scenes of \(request.size) x \(request.size) pixels from \(data.name) in "
        + "\(request.output)\n")
  }
}

/// What is asked for.
private struct Request {
  var output = ""
  var train = 2000
  var test = 300
  var size = 64
  var seed: UInt64 = 1

  init(_ words: [String]) throws {
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--") else {
        guard output.isEmpty else { throw Self.problem(word, "is a second folder", "name one") }
        output = word
        continue
      }
      guard let text = rest.popFirst(), let value = Int(text), value >= 0 else {
        throw Self.problem(word, "needs a whole number", "write it as \(word) 64")
      }
      switch word {
      case "--train": train = value
      case "--test": test = value
      case "--size": size = value
      case "--seed": seed = UInt64(value)
      default: throw Self.problem(word, "is not known", "choose from --train, --test, --size, --seed")
      }
    }
    guard !output.isEmpty else { throw Self.problem("the folder", "is missing", "name where the scenes go") }
    guard train >= 1, test >= 1, train <= 100_000, test <= 100_000 else {
      throw Self.problem("--train and --test", "are \(train) and \(test)", "choose 1 to 100000 of each")
    }
    guard (16...512).contains(size) else { throw Self.problem("--size", "is \(size)", "choose 16 to 512") }
  }

  private static func problem(_ place: String, _ problem: String, _ advice: String) -> DataError {
    DataError(place: place, problem: problem, advice: advice)
  }
}

/// A digit on a textured ground.
private struct Scene {
  /// Red, green and blue, u8 `[3, size, size]`.
  let picture: HostArray
  /// 255 where the digit is, u8 `[1, size, size]`.
  let mask: HostArray

  init(_ digit: HostArray, size: Int, _ generator: inout PhiloxGenerator) {
    let ink = Scene.ink(digit, size, &generator)
    let isLight = Bool.random(using: &generator)
    var planes: [UInt8] = []
    for _ in 0..<3 {
      let ground = Texture(size, from: isLight ? 20...90 : 165...235, &generator)
      let paint = Texture(size, from: isLight ? 165...235 : 20...90, &generator)
      for pixel in 0..<size * size {
        let noise = Float.random(in: -12...12, using: &generator)
        let value = ground.values[pixel] * (1 - ink[pixel]) + paint.values[pixel] * ink[pixel] + noise
        planes.append(UInt8(min(max(value, 0), 255)))
      }
    }
    picture = HostArray(planes, shape: [3, size, size])
    mask = HostArray(ink.map { $0 >= 0.5 ? UInt8(255) : 0 }, shape: [1, size, size])
  }

  /// How much of each pixel is ink, 0 to 1: the digit turned a little, 0.45 to 0.85 of the scene, somewhere in it.
  private static func ink(_ digit: HostArray, _ size: Int, _ generator: inout PhiloxGenerator) -> [Float] {
    let side = Int(Float.random(in: 0.45...0.85, using: &generator) * Float(size))
    let large = Pictures.resized(digit, height: side, width: side)
    let turned = AffineMap.rotation(degrees: Double.random(in: -20...20, using: &generator)).applied(to: large)
    let values = turned.scalars(as: Float.self)
    let (top, left) = (
      Int.random(in: 0...(size - side), using: &generator), Int.random(in: 0...(size - side), using: &generator)
    )
    var ink = [Float](repeating: 0, count: size * size)
    for y in 0..<side {
      for x in 0..<side { ink[(top + y) * size + left + x] = min(values[y * side + x] / 255, 1) }
    }
    return ink
  }
}

/// Noise of several scales with stripes over it.
private struct Texture {
  let values: [Float]

  init(_ size: Int, from range: ClosedRange<Float>, _ generator: inout PhiloxGenerator) {
    var values = [Float](repeating: Float.random(in: range, using: &generator), count: size * size)
    for (cells, strength) in [(3, Float(28)), (7, 20), (16, 14)] {
      let lattice = (0..<cells * cells).map { _ in Float.random(in: -strength...strength, using: &generator) }
      let smooth = Pictures.resized(HostArray(lattice, shape: [1, cells, cells]), height: size, width: size)
      for (pixel, value) in smooth.scalars(as: Float.self).enumerated() { values[pixel] += value }
    }
    let (period, height) = (Int.random(in: 3...9, using: &generator), Float.random(in: 0...22, using: &generator))
    let isUpright = Bool.random(using: &generator)
    for pixel in values.indices {
      let place = isUpright ? pixel % size : pixel / size
      if place / period % 2 == 0 { values[pixel] += height }
    }
    self.values = values
  }
}
