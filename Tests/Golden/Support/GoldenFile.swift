import ApusFormats
import ApusTensor
import Foundation

/// A file of cases that PyTorch computed; see Tests/Golden/README.md.
public struct GoldenFile: Sendable {
  /// One case: options and tensors.
  public struct Case: Sendable {
    /// The name of the case.
    public let name: String
    /// The function, as PyTorch calls it.
    public let operation: String
    /// Every option, as JSON has it.
    public let options: [String: Option]
    /// The roles of the learnt inputs.
    public let parameters: [String]
    let file: SafeTensors

    /// Whether there is a tensor with this role.
    public func has(_ role: String) -> Bool { file.type(of: "\(name)/\(role)") != nil }
    /// The tensor with this role.
    public func array(_ role: String) throws -> HostArray { try file.array("\(name)/\(role)") }
    /// The tensor with this role.
    public func tensor(_ role: String) throws -> Tensor { Tensor(try array(role)) }
  }

  /// A value of an option.
  public enum Option: Sendable, Decodable {
    /// A number.
    case number(Double)
    /// True or false.
    case flag(Bool)
    /// Text.
    case text(String)
    /// Numbers.
    case list([Double])
    /// Nothing.
    case none

    /// Whatever JSON has there.
    public init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if value.decodeNil() {
        self = .none
      } else if let flag = try? value.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? value.decode(Double.self) {
        self = .number(number)
      } else if let list = try? value.decode([Double].self) {
        self = .list(list)
      } else {
        self = .text(try value.decode(String.self))
      }
    }

    /// The number; 0 if it is none.
    public var double: Double { if case .number(let value) = self { value } else { 0 } }
    /// The numbers of a list; empty for anything else.
    public var doubles: [Double] { if case .list(let values) = self { values } else { [] } }
    /// The whole numbers of a list, or the one number.
    public var integers: [Int] {
      switch self {
      case .list(let values): values.map { Int($0) }
      case .number(let value): [Int(value)]
      default: []
      }
    }
    /// Whether it is true.
    public var isTrue: Bool { if case .flag(let value) = self { value } else { false } }
    /// The text, or nothing.
    public var text: String { if case .text(let value) = self { value } else { "" } }
  }

  private struct Description: Decodable {
    var name: String
    var operation: String
    var options: [String: Option]?
    var parameters: [String]?
  }

  /// The cases.
  public let cases: [Case]
  /// The path of the file.
  public let path: String

  /// The file of a subject in an element type.
  public init(_ subject: String, _ dtype: DType) throws {
    path = Self.folder + "/\(subject)_\(dtype).safetensors"
    let file = try SafeTensors(contentsOf: path)
    let list = try JSONDecoder().decode([Description].self, from: Data((file.metadata["cases"] ?? "[]").utf8))
    cases = list.map {
      Case(
        name: $0.name, operation: $0.operation, options: $0.options ?? [:], parameters: $0.parameters ?? [], file: file)
    }
  }

  /// The cases of an operation.
  public func cases(of operation: String) -> [Case] { cases.filter { $0.operation == operation } }

  /// The folder of the files.
  public static var folder: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/data"
  }
}

/// How far a result is from the golden one, relative to the golden values' size: |a - b| / max(|b|, scale), where the
/// scale is the mean magnitude of the golden tensor, so that sums that cancel to nearly 0 are not asked for more digits
/// than their terms have. Infinite when shapes differ or something is NaN on one side only.
public func difference(_ result: Tensor, _ golden: HostArray) -> Double {
  guard result.shape == golden.shape else { return .infinity }
  let (a, b) = (result.scalars(as: Double.self), golden.scalars(as: Double.self))
  let finite = b.filter(\.isFinite).map(Swift.abs)
  let scale = Swift.max(finite.reduce(0, +) / Double(Swift.max(finite.count, 1)), 1e-30)
  var worst = 0.0
  for (x, y) in zip(a, b) {
    if x == y || x.isNaN && y.isNaN { continue }
    let error = Swift.abs(x - y) / Swift.max(Swift.abs(y), scale)
    worst = error.isNaN ? .infinity : Swift.max(worst, error)
  }
  return worst
}

/// The largest difference that passes: 1e-5 in f32, 1e-10 in f64.
public func tolerance(_ dtype: DType) -> Double { dtype == .float64 ? 1e-10 : 1e-5 }
