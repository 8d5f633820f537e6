import ApusFormats
import ApusTensor

/// The element types of ONNX, by the numbers of the format.
///
/// Those without a type of their own in Apus are widened, as files of weights are; values remember what they were, so
/// that a conversion "like" another one is right. Text, complex numbers and the types below eight bits are not read.
enum ONNXElement: Int32, Sendable {
  case float32 = 1
  case uint8, int8, uint16, int16, int32, int64, string, bool, float16, float64, uint32, uint64
  case complex64, complex128, bfloat16, float8e4m3, float8e4m3fnuz, float8e5m2, float8e5m2fnuz
  case uint4, int4, float4e2m1, float8e8m0, uint2, int2

  /// The type in a file, or nil for those that are not read.
  var disk: DiskElement? {
    switch self {
    case .float32: .float32
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .bool: .bool
    case .float16: .float16
    case .float64: .float64
    case .uint32: .uint32
    case .uint64: .uint64
    case .bfloat16: .bfloat16
    case .float8e4m3: .float8e4m3
    case .float8e5m2: .float8e5m2
    case .float8e8m0: .float8e8m0
    default: nil
    }
  }

  /// The type that tensors have here.
  var dtype: DType? { disk?.dtype }

  /// The least and the largest value of an integer type.
  var bounds: (Double, Double)? {
    switch self {
    case .uint8: (0, 255)
    case .int8: (-128, 127)
    case .uint16: (0, 65535)
    case .int16: (-32768, 32767)
    case .int32: (-2_147_483_648, 2_147_483_647)
    case .uint32: (0, 4_294_967_295)
    default: nil
    }
  }

  /// The type that tensors of Apus have in a file.
  init(_ dtype: DType) {
    self =
      switch dtype {
      case .float32: .float32
      case .float64: .float64
      case .int32: .int32
      case .int64: .int64
      case .uint8: .uint8
      case .bool: .bool
      }
  }

  /// The type with a number of the format.
  ///
  /// - Throws: ``OperatorError`` for those that are not read.
  static func readable(_ number: Int32) throws -> (ONNXElement, DiskElement) {
    guard let element = ONNXElement(rawValue: number) else {
      throw OperatorError("the element type \(number) is unknown")
    }
    guard let disk = element.disk else { throw OperatorError("tensors of type \(element) are not supported") }
    return (element, disk)
  }
}

/// What is wrong with a node or a tensor; whoever knows the file and the node says where.
struct OperatorError: Error {
  var message: String
  init(_ message: String) { self.message = message }
}
