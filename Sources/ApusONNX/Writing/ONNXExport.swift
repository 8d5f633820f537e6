import ApusFormats
import ApusNN
import ApusTensor
import Foundation

extension ONNXModel {
  /// What writing a network came to.
  public struct ExportReport: Sendable, Encodable {
    /// The file.
    public let file: String
    /// The extents of the input, nil for the number of samples.
    public let inputShape: [Int?]
    /// The extents of the output, nil for those that follow the number of samples.
    public let outputShape: [Int?]
    /// How often each operator occurs.
    public let operators: [String: Int]
    /// Elements of all stored tensors.
    public let elementCount: Int

    private enum CodingKeys: String, CodingKey {
      case file, operators
      case inputShape = "input_shape"
      case outputShape = "output_shape"
      case elementCount = "elements"
    }
  }

  /// Writes a network to an ONNX file, atomically, as it computes in use: without dropout, batch normalization by the
  /// running statistics.
  ///
  /// The file takes any number of samples. Parameters keep their names. The operators are those of version 17; loops over
  /// time are written out for the length of the samples.
  ///
  /// ```swift
  /// try ONNXModel.write(model, sampleShape: [1, 28, 28], to: "lenet5.onnx")
  /// ```
  /// - Parameters:
  ///   - sampleShape: the shape of one sample, without the batch.
  ///   - dtype: the element type of the input.
  ///   - foldsBatchNorm: whether batch normalizations become part of the convolutions before them.
  ///   - metadata: text that the file carries, such as the names of classes.
  /// - Throws: `ShapeError` when the network does not take such samples, `FormatError` when it computes something that
  ///   ONNX has no operator for, or the file cannot be written.
  @discardableResult
  public static func write(
    _ model: any Layer, sampleShape: [Int], dtype: DType = .float32, foldsBatchNorm: Bool = false,
    metadata: [String: String] = [:], to path: String
  ) throws -> ExportReport {
    let (proto, writer) = try message(
      model, sampleShape: sampleShape, dtype: dtype, foldsBatchNorm: foldsBatchNorm, metadata: metadata, named: path)
    let bytes: [UInt8]
    do {
      bytes = try proto.serializedBytes()
    } catch {
      throw FormatError(
        file: path, problem: "the network is too large for one ONNX file (2 GiB)", advice: "export a smaller one")
    }
    try AtomicFile.write(bytes, to: path)
    func listed(_ extents: [TracedExtent]) -> [Int?] {
      extents.map { if case .fixed(let extent) = $0 { extent } else { nil } }
    }
    return ExportReport(
      file: path, inputShape: [nil] + sampleShape, outputShape: listed(writer.trace.outputExtents),
      operators: Dictionary(writer.nodes.map { ($0.opType, 1) }, uniquingKeysWith: +),
      elementCount: writer.initializers.reduce(0) { $0 + Int($1.dims.reduce(1, *)) })
  }

  /// The network as the message of a file, and what wrote it.
  ///
  /// - Parameter name: what errors call it.
  static func message(
    _ model: any Layer, sampleShape: [Int], dtype: DType, foldsBatchNorm: Bool, metadata: [String: String],
    named name: String
  ) throws -> (ONNXModelProto, ExportWriter) {
    var writer: ExportWriter
    do {
      writer = ExportWriter(
        try ExportTrace(model, sampleShape: sampleShape, dtype: dtype), parameters: model.parameters)
      try writer.write(foldsBatchNorm: foldsBatchNorm)
    } catch let error as OperatorError {
      throw FormatError(
        file: name, problem: "the network \(error.message)", advice: "export a network without it")
    }
    var graph = ONNXGraphProto()
    graph.name = "apus"
    graph.node = writer.nodes
    graph.initializer = writer.initializers
    let inputExtents: [TracedExtent] = [.batch(1)] + sampleShape.map { .fixed($0) }
    graph.input = [port("input", inputExtents, dtype)]
    graph.output = [port("output", writer.trace.outputExtents, writer.trace.output.dtype)]
    var proto = ONNXModelProto()
    proto.irVersion = 8
    proto.producerName = "Apus"
    var operators = ONNXOperatorSetIdProto()
    operators.version = 17
    proto.opsetImport = [operators]
    proto.graph = graph
    proto.metadataProps = metadata.sorted { $0.key < $1.key }.map { key, value in
      var entry = ONNXStringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    return (proto, writer)
  }

  private static func port(_ name: String, _ extents: [TracedExtent], _ dtype: DType) -> ONNXValueInfoProto {
    var type = ONNXTypeProto.Tensor()
    type.elemType = ONNXElement(dtype).rawValue
    type.shape.dim = extents.map { extent in
      var dimension = ONNXTensorShapeProto.Dimension()
      switch extent {
      case .fixed(let count): dimension.dimValue = Int64(count)
      case .batch(1): dimension.dimParam = "N"
      case .batch(let factor): dimension.dimParam = "\(factor)N"
      }
      return dimension
    }
    var port = ONNXValueInfoProto()
    port.name = name
    port.type.tensorType = type
    return port
  }
}
