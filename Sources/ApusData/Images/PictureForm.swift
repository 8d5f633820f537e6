import ApusTensor
import CImage

/// What every picture of a data set becomes: so many channels, so many pixels.
///
/// A picture of another size is made smaller or larger until it covers the form, by bilinear interpolation that smooths
/// over all pixels that fall on a new one, and its middle is cut out: torchvision's `Resize` and `CenterCrop`. A mask goes
/// the same way by its nearest pixels.
public struct PictureForm: Sendable, Hashable, Codable {
  /// 1 for gray, 3 for red, green, blue.
  public let channels: Int
  /// Rows of pixels.
  public let height: Int
  /// Columns of pixels.
  public let width: Int
  /// What the pixels of masks beside the pictures mean; nil where there are none.
  public let masks: MaskClasses?

  /// The longest side that pictures are brought to.
  public static let largestSide = 4096

  /// A form.
  ///
  /// - Throws: ``DataError`` when there are neither 1 nor 3 channels, or a side is not from 1 to ``largestSide``.
  public init(channels: Int, height: Int, width: Int, masks: MaskClasses? = nil) throws {
    guard channels == 1 || channels == 3 else {
      throw DataError(
        place: "--image-channels", problem: "cannot be \(channels)", advice: "choose 1 for gray or 3 for colour")
    }
    for side in [height, width] where side < 1 || side > Self.largestSide {
      throw DataError(
        place: "--image-size", problem: "cannot be \(side)",
        advice: "choose whole numbers from 1 to \(Self.largestSide)")
    }
    (self.channels, self.height, self.width, self.masks) = (channels, height, width, masks)
  }

  /// The shape of a picture, `[channels, height, width]`.
  public var shape: Shape { [channels, height, width] }

  /// How a picture of so many pixels is brought to the form.
  func resizing(width oldWidth: Int, height oldHeight: Int) -> apus_resizing {
    let isNarrow = oldWidth * height <= oldHeight * width
    let newWidth = isNarrow ? width : height * oldWidth / oldHeight
    let newHeight = isNarrow ? width * oldHeight / oldWidth : height
    func margin(_ new: Int, _ wanted: Int) -> UInt32 {
      UInt32((Double(new - wanted) / 2).rounded(.toNearestOrEven))
    }
    return apus_resizing(
      width: UInt32(oldWidth), height: UInt32(oldHeight), new_width: UInt32(newWidth), new_height: UInt32(newHeight),
      left: margin(newWidth, width), top: margin(newHeight, height), part_width: UInt32(width),
      part_height: UInt32(height))
  }
}
