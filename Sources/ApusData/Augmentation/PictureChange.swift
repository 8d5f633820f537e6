#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What happens to one picture: numbers drawn from an ``Augmentation``, a pure function of (seed, epoch, sample).
struct PictureChange {
  /// From new to old pixels; nil when every pixel keeps its place.
  var back: AffineMap?
  /// A part of the range.
  var brightness: Double
  var contrast: Double
  var noiseKeys: (UInt32, UInt32)
  /// The centre of the square that is cut out, as parts of the height and width.
  var cutout: (y: Double, x: Double)
  /// How much of the picture remains when another one is mixed in, from 1/2 to 1.
  var part: Double

  /// Draws the numbers. Each change has numbers of its own, so that one more change leaves the others as they were.
  init(_ augmentation: Augmentation, seed: UInt64, epoch: Int, sample: Int) {
    // A key of its own: the streams of the seed itself order the samples.
    var generator = PhiloxGenerator(
      seed: seed ^ 0x6175_676d_656e_7421, stream: UInt64(truncatingIfNeeded: epoch) << 32 | UInt64(sample))
    let bits = generator.next()
    noiseKeys = (UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32))
    let flips = generator.next()
    func draw(_ generator: inout PhiloxGenerator) -> Double { Double(generator.next() >> 11) * 0x1p-53 }
    func symmetric(_ amount: Double, _ generator: inout PhiloxGenerator) -> Double {
      (2 * draw(&generator) - 1) * amount
    }
    let shift = (x: symmetric(augmentation.shift, &generator), y: symmetric(augmentation.shift, &generator))
    let angle = symmetric(augmentation.rotation, &generator)
    let zoom = exp(symmetric(log1p(augmentation.zoom), &generator))
    let shear = symmetric(augmentation.shear, &generator)
    func whole(_ amount: Double, _ generator: inout PhiloxGenerator) -> Double {
      (draw(&generator) * (2 * amount + 1)).rounded(.down) - amount
    }
    let crop = (x: whole(augmentation.crop, &generator), y: whole(augmentation.crop, &generator))
    brightness = symmetric(augmentation.brightness, &generator)
    contrast = 1 + symmetric(augmentation.contrast, &generator)
    cutout = (draw(&generator), draw(&generator))
    part = augmentation.mixup > 0 ? generator.mixingPart(augmentation.mixup) : 1

    let flipX = augmentation.flipsHorizontally && flips & 1 == 1
    let flipY = augmentation.flipsVertically && flips & 2 == 2
    let map = AffineMap.flip(horizontally: flipX, vertically: flipY)
      .then(.zoom(x: zoom, y: zoom)).then(.shear(degrees: shear)).then(.rotation(degrees: angle))
      .then(.shift(x: shift.x + crop.x, y: shift.y + crop.y))
    back = map == AffineMap() ? nil : map.inverse
  }
}

extension PhiloxGenerator {
  /// A number in (0, 1].
  private mutating func positive() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

  /// The larger of `t` and `1 - t`, where `t` is distributed as Beta(alpha, alpha).
  mutating func mixingPart(_ alpha: Double) -> Double {
    let (a, b) = (logarithmOfGamma(alpha), logarithmOfGamma(alpha))
    return 1 / (1 + exp(-abs(a - b)))
  }

  /// The logarithm of a number distributed as Gamma(shape, 1): small shapes give numbers that f64 cannot hold.
  ///
  /// Reference: A Simple Method for Generating Gamma Variables; Marsaglia, Tsang; 2000;
  /// https://doi.org/10.1145/358407.358414
  private mutating func logarithmOfGamma(_ shape: Double) -> Double {
    if shape < 1 { return logarithmOfGamma(shape + 1) + log(positive()) / shape }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let normal = (-2 * log(positive())).squareRoot() * cos(2 * .pi * positive())
      let cube = 1 + c * normal
      guard cube > 0 else { continue }
      let v = cube * cube * cube
      if log(positive()) < 0.5 * normal * normal + d - d * v + d * log(v) { return log(d) + log(v) }
    }
  }
}
