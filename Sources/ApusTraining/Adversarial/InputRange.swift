import ApusData
import ApusTensor

/// What values a network's inputs can take, in the network's own units: after the normalization.
///
/// An attack measures its changes in parts of this range, so that an epsilon of 0.1 is a tenth of the way from black to
/// white, whatever mean and deviation the pixels are brought to.
///
/// ```swift
/// let range = InputRange(of: data.train, normalization: normalization)
/// ```
public struct InputRange: Sendable {
  /// The smallest values, `[1, ...]` with the shape of a sample, or a scalar.
  public let lower: Tensor
  /// The largest values, of the same shape.
  public let upper: Tensor

  /// A range with the given bounds; they broadcast over the inputs and have their element type.
  ///
  /// - Precondition: both have one type, and no lower bound lies above its upper one.
  public init(lower: Tensor, upper: Tensor) {
    self.lower = lower
    self.upper = upper
  }

  /// The range of inputs that are not normalised, such as pixels 0 to 1.
  public init(_ range: ClosedRange<Double>, dtype: DType = .float32) {
    self.init(
      lower: Tensor([range.lowerBound]).cast(to: dtype).reshaped(to: []),
      upper: Tensor([range.upperBound]).cast(to: dtype).reshaped(to: []))
  }

  /// The range of a data set's inputs: 0 to 255 for bytes, otherwise from the smallest to the largest value, of each
  /// group that the normalization treats alike (every column of a table, every channel of a picture).
  ///
  /// - Parameter normalization: applied to the inputs before the network sees them; nil if none is.
  /// - Precondition: the normalization fits the samples.
  public init(of data: Dataset, normalization: Normalization?) {
    let bounds = data.inputBounds(grouping: normalization?.grouping ?? .whole)
    func units(_ raw: HostArray) -> Tensor {
      Tensor(normalization.map { $0.applied(to: raw) } ?? HostArray(raw.scalars(as: Float.self), shape: raw.shape))
    }
    self.init(lower: units(bounds.lower), upper: units(bounds.upper))
  }
}
