import ApusFormats
import SwiftProtobuf

/// Reading TensorBoard's event files back.
public enum EventFile {
  /// What a file says about one tag at one step.
  public struct Entry: Sendable, Hashable {
    /// What the value is called.
    public let tag: String
    /// Updates done.
    public let step: Int
    /// The value itself.
    public let value: Value
  }

  /// A value of an event file.
  public enum Value: Sendable, Hashable {
    /// A number.
    case scalar(Float)
    /// How often values fell between limits.
    case histogram(EventHistogram)
    /// Text in Markdown.
    case text(String)
  }

  /// The values in a file, in their order; records after a cut or damaged one are not read, as TensorBoard does.
  ///
  /// - Throws: `FormatError` when the file cannot be read.
  public static func entries(of path: String) throws -> [Entry] {
    try FileBytes.read(path).withBytes { TFRecord.records(in: $0) }.flatMap { record -> [Entry] in
      guard let event = try? TensorBoardEvent(serializedBytes: record) else { return [] }
      return event.summary.value.compactMap { value in
        Value(value).map { Entry(tag: value.tag, step: Int(event.step), value: $0) }
      }
    }
  }
}

extension EventFile.Value {
  fileprivate init?(_ message: TensorBoardSummary.Value) {
    switch message.value {
    case .simpleValue(let number): self = .scalar(number)
    case .histo(let histogram): self = .histogram(EventHistogram(histogram))
    case .tensor(let tensor): self = .text(String(decoding: tensor.stringVal.first ?? .init(), as: UTF8.self))
    case nil: return nil
    }
  }

  /// The value as a message.
  func message(_ tag: String) -> TensorBoardSummary.Value {
    var message = TensorBoardSummary.Value()
    message.tag = tag
    switch self {
    case .scalar(let number): message.simpleValue = number
    case .histogram(let histogram): message.histo = histogram.message
    case .text(let text):
      message.metadata.pluginData.pluginName = "text"
      message.tensor.dtype = 7
      message.tensor.tensorShape.dim = [.with { $0.size = 1 }]
      message.tensor.stringVal = [.init(text.utf8)]
    }
    return message
  }
}

/// How often values fell between limits, as event files have it.
public struct EventHistogram: Sendable, Hashable {
  /// The smallest value.
  public var min: Double
  /// The largest value.
  public var max: Double
  /// The sum of the values.
  public var sum: Double
  /// The sum of their squares.
  public var sumOfSquares: Double
  /// Where each bucket ends; the first begins at the smallest value.
  public var limits: [Double]
  /// How many values each bucket holds.
  public var counts: [Double]

  /// A histogram.
  public init(min: Double, max: Double, sum: Double, sumOfSquares: Double, limits: [Double], counts: [Double]) {
    (self.min, self.max, self.sum, self.sumOfSquares) = (min, max, sum, sumOfSquares)
    (self.limits, self.counts) = (limits, counts)
  }

  fileprivate init(_ message: TensorBoardHistogramProto) {
    self.init(
      min: message.min, max: message.max, sum: message.sum, sumOfSquares: message.sumSquares,
      limits: message.bucketLimit, counts: message.bucket)
  }

  fileprivate var message: TensorBoardHistogramProto {
    .with {
      ($0.min, $0.max, $0.num) = (min, max, counts.reduce(0, +))
      ($0.sum, $0.sumSquares) = (sum, sumOfSquares)
      ($0.bucketLimit, $0.bucket) = (limits, counts)
    }
  }
}
