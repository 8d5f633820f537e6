import Apus
import ArgumentParser

/// `apus convert`
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the tensors of a file in another format, chosen by the names of the files.",
    discussion: """
      EXAMPLES
        apus convert resnet18.pth resnet18.safetensors
        apus convert resnet18.onnx resnet18.safetensors       # its weights
        apus convert runs/lenet5-mnist/model.safetensors lenet5.npz

      Files: .safetensors, .pth and .pt of PyTorch (no code in them is run), .npz and .npy of numpy, \
      .h5 and .keras of Keras. The bits stay the \
      same; half-precision and small integers are widened. Text beside the tensors is kept where the format has a \
      place for it, which is safetensors.
      """)

  @Argument(help: ArgumentHelp("The file to read.", valueName: "from")) var source: String
  @Argument(help: ArgumentHelp("The file to write.", valueName: "to")) var target: String
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    _ = try TensorFile.Format(of: target)
    if source.hasSuffix(".onnx") {
      let values = try ONNXModel(contentsOf: source).snapshot().tensors
      try TensorFile.write(values.mapValues { $0.hostArray() }, to: target)
    } else {
      let file = try TensorFile(contentsOf: source)
      try TensorFile.write(try file.arrays(), metadata: file.metadata, to: target)
    }
    let listing = try TensorListing(contentsOf: target)
    try out.print(listing) {
      "\(listing.tensors.count) tensors, \(listing.elementCount) elements, written to \(target)"
    }
  }
}
