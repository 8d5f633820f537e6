import ApusFormats
import ApusModels
import ApusNN
import ApusONNX
import ApusTensor

/// Taking a network out of Apus: everything `apus export` does.
public enum ModelExport {
  /// Writes a run's network, or a network of the catalog with weights from a file, as an ONNX file.
  ///
  /// The names of a run's classes are in the file's metadata, under `classes`.
  ///
  /// - Parameters:
  ///   - name: the folder of a run or a name of the catalog.
  ///   - classCount: outputs of a network of the catalog; nil takes those of the last bias in the weights.
  ///   - weights: a file with the parameters of a network of the catalog.
  ///   - sampleShape: the shape of one sample, without the batch; nil takes the usual one.
  ///   - foldsBatchNorm: whether batch normalizations become part of the convolutions before them.
  /// - Throws: `FormatError`, `RestoreError`, ``TrainingError``, each one sentence; nothing is written then.
  public static func run(
    _ name: String, options: ModelOptions, classCount: Int?, weights: String?, sampleShape: [Int]?,
    foldsBatchNorm: Bool, to path: String
  ) throws -> ONNXModel.ExportReport {
    guard path.hasSuffix(".onnx") else {
      throw TrainingError(path, "is not the name of an ONNX file", advice: "name a file that ends in .onnx")
    }
    try Inference.checkClasses(classCount)
    let model: any Layer
    let shape: [Int]
    var metadata: [String: String] = [:]
    if SavedRun.exists(name) {
      guard weights == nil, classCount == nil, options == ModelOptions() else {
        throw TrainingError(name, "is a run, which has a form and weights of its own", advice: "leave the options out")
      }
      let saved = try SavedRun(name)
      model = saved.model
      shape = sampleShape ?? saved.configuration.model.inputShape
      if !saved.configuration.classNames.isEmpty {
        metadata["classes"] = saved.configuration.classNames.joined(separator: "\n")
      }
    } else {
      let usual = try ModelConfiguration.usual(name, options)
      guard let weights else {
        throw TrainingError(
          "--weights", "is missing", advice: "name the file of the weights of \(name), or export a run")
      }
      shape = sampleShape ?? usual.inputShape
      let classes = try classCount ?? Inference.outputs(of: name, try TensorFile(contentsOf: weights), weights)
      model = try ModelConfiguration(name, shape, classes, options).make(seed: 0)
      try model.load(from: weights)
    }
    do {
      return try ONNXModel.write(
        model, sampleShape: shape, foldsBatchNorm: foldsBatchNorm, metadata: metadata, to: path)
    } catch let error as ShapeError {
      throw TrainingError(
        name, "cannot take samples of shape \(shape) (\(error.message))", advice: "give --input-shape, the batch first")
    }
  }
}
