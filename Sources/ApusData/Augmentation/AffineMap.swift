import ApusTensor
import CImage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A change of place in the plane of a picture: the pixel `(x, y)` from the picture's centre goes to
/// `(xx x + xy y + tx, yx x + yy y + ty)`; x runs to the right, y downwards, in pixels.
///
/// ```swift
/// let turned = AffineMap.rotation(degrees: 10).then(.shift(x: 2, y: 0)).applied(to: pictures)
/// ```
/// ``applied(to:)`` is PyTorch's `grid_sample(picture, affine_grid(theta))` with `align_corners=False` and zeros around
/// the picture, where `theta` is the inverse of this map in coordinates from -1 to 1.
public struct AffineMap: Sendable, Hashable {
  /// How much of x goes to x.
  public var xx = 1.0
  /// How much of y goes to x.
  public var xy = 0.0
  /// How much of x goes to y.
  public var yx = 0.0
  /// How much of y goes to y.
  public var yy = 1.0
  /// How far along x.
  public var tx = 0.0
  /// How far along y.
  public var ty = 0.0

  /// The map that leaves everything in its place.
  public init() {}

  /// A map with given coefficients.
  public init(xx: Double, xy: Double, yx: Double, yy: Double, tx: Double = 0, ty: Double = 0) {
    (self.xx, self.xy, self.yx, self.yy, self.tx, self.ty) = (xx, xy, yx, yy, tx, ty)
  }

  /// Moves to the right and downwards by so many pixels.
  public static func shift(x: Double, y: Double) -> AffineMap { AffineMap(xx: 1, xy: 0, yx: 0, yy: 1, tx: x, ty: y) }

  /// Turns clockwise, as the picture is seen. Quarters of a turn are exact.
  public static func rotation(degrees: Double) -> AffineMap {
    let (cosine, sine): (Double, Double)
    switch degrees.remainder(dividingBy: 360) {
    case 0: (cosine, sine) = (1, 0)
    case 90: (cosine, sine) = (0, 1)
    case -90: (cosine, sine) = (0, -1)
    case 180, -180: (cosine, sine) = (-1, 0)
    case let angle: (cosine, sine) = (cos(angle * .pi / 180), sin(angle * .pi / 180))
    }
    return AffineMap(xx: cosine, xy: -sine, yx: sine, yy: cosine)
  }

  /// Enlarges by factors along the axes; factors below 1 make smaller.
  public static func zoom(x: Double, y: Double) -> AffineMap { AffineMap(xx: x, xy: 0, yx: 0, yy: y) }

  /// Slants along x: what is below the centre moves to the left, above it to the right, for positive degrees.
  public static func shear(degrees: Double) -> AffineMap {
    AffineMap(xx: 1, xy: -tan(degrees * .pi / 180), yx: 0, yy: 1)
  }

  /// Makes left and right, or top and bottom, change places.
  public static func flip(horizontally: Bool, vertically: Bool = false) -> AffineMap {
    AffineMap(xx: horizontally ? -1 : 1, xy: 0, yx: 0, yy: vertically ? -1 : 1)
  }

  /// This map, and then another one on its result.
  public func then(_ next: AffineMap) -> AffineMap {
    AffineMap(
      xx: next.xx * xx + next.xy * yx, xy: next.xx * xy + next.xy * yy, yx: next.yx * xx + next.yy * yx,
      yy: next.yx * xy + next.yy * yy, tx: next.xx * tx + next.xy * ty + next.tx,
      ty: next.yx * tx + next.yy * ty + next.ty)
  }

  /// The map that undoes this one; nil when it has none, because all pixels fall on a line or a number is not finite.
  public var inverse: AffineMap? {
    let determinant = xx * yy - xy * yx
    let result = AffineMap(
      xx: yy / determinant, xy: -xy / determinant, yx: -yx / determinant, yy: xx / determinant,
      tx: (xy * ty - yy * tx) / determinant, ty: (yx * tx - xx * ty) / determinant)
    let isFinite = [result.xx, result.xy, result.yx, result.yy, result.tx, result.ty].allSatisfy(\.isFinite)
    return determinant != 0 && isFinite ? result : nil
  }

  /// Changed pictures, f32 of the same shape, with zeros where nothing of the old picture is.
  ///
  /// - Parameter pictures: `[N, channels, height, width]` or `[channels, height, width]`, u8 or f32.
  /// - Precondition: the map has an inverse.
  public func applied(to pictures: HostArray) -> HostArray {
    guard let back = inverse else {
      preconditionFailure("\(self) cannot be undone, so that no picture can be drawn by it")
    }
    let size = PictureSize(pictures.shape)
    return size.sampled(pictures, height: size.height, width: size.width, back.sampling(size))
  }

  /// The coordinates to sample at for this map from new to old pixels, zeros around the picture.
  func sampling(_ size: PictureSize) -> apus_affine {
    let centreX = Double(size.width - 1) / 2
    let centreY = Double(size.height - 1) / 2
    let x0: Double = tx + centreX - xx * centreX - xy * centreY
    let y0: Double = ty + centreY - yx * centreX - yy * centreY
    return apus_affine(
      xx: Float(xx), xy: Float(xy), x0: Float(x0), yx: Float(yx), yy: Float(yy), y0: Float(y0), low_x: -1,
      high_x: Float(size.width), low_y: -1, high_y: Float(size.height))
  }
}

/// Making pictures larger and smaller.
public enum Pictures {
  /// Pictures of another size by bilinear interpolation, f32: PyTorch's `interpolate(mode="bilinear",
  /// align_corners=False)`. Pictures that become much smaller are not smoothed first.
  ///
  /// - Parameter pictures: `[N, channels, height, width]` or `[channels, height, width]`, u8 or f32.
  /// - Precondition: positive sizes.
  public static func resized(_ pictures: HostArray, height: Int, width: Int) -> HostArray {
    precondition(height > 0 && width > 0, "a picture of \(height) x \(width) pixels cannot be")
    let size = PictureSize(pictures.shape)
    let (x, y) = (Double(size.width) / Double(width), Double(size.height) / Double(height))
    let map = apus_affine(
      xx: Float(x), xy: 0, x0: Float((x - 1) / 2), yx: 0, yy: Float(y), y0: Float((y - 1) / 2), low_x: 0,
      high_x: Float(size.width - 1), low_y: 0, high_y: Float(size.height - 1))
    return size.sampled(pictures, height: height, width: width, map)
  }
}

/// The planes of pictures `[..., height, width]`.
struct PictureSize {
  let planes: Int
  let height: Int
  let width: Int

  init(_ shape: Shape) {
    precondition(shape.rank >= 2 && shape.elementCount > 0, "pictures are [..., height, width], not \(shape)")
    (height, width) = (shape[shape.rank - 2], shape[shape.rank - 1])
    planes = shape.elementCount / (height * width)
    // Coordinates are f32, and places in a plane 32 bits.
    precondition(height <= 1 << 15 && width <= 1 << 15, "pictures of \(height) x \(width) pixels are too large")
  }

  /// All planes sampled into ones of a new size.
  func sampled(_ pictures: HostArray, height newHeight: Int, width newWidth: Int, _ map: apus_affine) -> HostArray {
    precondition(
      pictures.dtype == .uint8 || pictures.dtype == .float32, "pictures are u8 or f32, not \(pictures.dtype)")
    var extents = Array(pictures.shape)
    extents.replaceSubrange((extents.count - 2)..., with: [newHeight, newWidth])
    let frame = FramedPlane(height: height, width: width)
    return HostArray(type: TensorType(Shape(extents), .float32)) { target in
      pictures.withUnsafeBytes { source in
        guard let from = source.baseAddress, let to = target.bindMemory(to: Float.self).baseAddress else { return }
        for plane in 0..<planes {
          let row = from + plane * height * width * pictures.dtype.byteCount
          frame.sample(row, pictures.dtype, map, to + plane * newHeight * newWidth, newHeight, newWidth)
        }
      }
    }
  }
}

/// Memory for a plane with zeros around it, for sampling one plane after another. Used by one thread at a time.
final class FramedPlane {
  private let height: Int
  private let width: Int
  private let memory: UnsafeMutablePointer<Float>

  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    let count = Int(apus_affine_scratch(Int64(height), Int64(width)))
    memory = .allocate(capacity: count)
    memory.initialize(repeating: 0, count: count)
  }

  deinit { memory.deallocate() }

  /// Samples a plane of u8 or f32.
  func sample(
    _ source: UnsafeRawPointer, _ dtype: DType, _ map: apus_affine, _ target: UnsafeMutablePointer<Float>,
    _ newHeight: Int, _ newWidth: Int
  ) {
    var map = map
    let (h, w, nh, nw) = (Int64(height), Int64(width), Int64(newHeight), Int64(newWidth))
    if dtype == .uint8 {
      apus_affine_sample_u8(source.assumingMemoryBound(to: UInt8.self), h, w, &map, memory, target, nh, nw)
    } else {
      apus_affine_sample_f32(source.assumingMemoryBound(to: Float.self), h, w, &map, memory, target, nh, nw)
    }
  }
}
