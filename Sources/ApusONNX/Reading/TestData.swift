import ApusFormats
import ApusTensor
import Foundation

extension ONNXModel {
  /// What a run of a conformance test gave.
  package enum TestResult: Sendable {
    case tensor(HostArray)
    case sequence([HostArray])
    case none
  }

  /// Runs the network on inputs that are stored as conformance tests store them: one file for each input, in order.
  ///
  /// - Throws: `FormatError` for files that cannot be read and inputs that do not fit.
  package func results(forTestInputs files: [String]) throws -> [TestResult] {
    try run(values: try zip(files, inputs).map { try Self.value(of: $0, $1) }).map(TestResult.init)
  }

  /// The results that a conformance test expects, one file for each.
  package func expectedResults(_ files: [String]) throws -> [TestResult] {
    try zip(files, outputs).map { TestResult(try Self.value(of: $0, $1)) }
  }

  private static func value(of file: String, _ port: Port) throws -> ONNXValue {
    let bytes = try FileBytes.read(file).withBytes { Data($0) }
    do {
      if port.isSequence {
        let proto = try ONNXSequenceProto(serializedBytes: bytes)
        let tensors = try proto.tensorValues.map { try $0.array(file: file, folder: ".") }
        return ONNXValue(
          sequence: tensors.map { Tensor($0.array) }, element: tensors.first?.element ?? .float32,
          isConstant: true)
      }
      guard !port.isOptional else { throw OperatorError("optional values are not read") }
      let (array, element) = try ONNXTensorProto(serializedBytes: bytes).array(file: file, folder: ".")
      return ONNXValue(Tensor(array), element: element, isConstant: true)
    } catch let error as OperatorError {
      throw FormatError(file: file, problem: error.message, advice: "leave the test out")
    }
  }
}

extension ONNXModel.TestResult {
  fileprivate init(_ value: ONNXValue) {
    switch value.content {
    case .tensor(let tensor): self = .tensor(tensor.hostArray())
    case .sequence(let tensors): self = .sequence(tensors.map { $0.hostArray() })
    case .none: self = .none
    }
  }
}
