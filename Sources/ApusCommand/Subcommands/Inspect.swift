import Apus
import ArgumentParser

/// `apus inspect`
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what a file of weights holds: names, shapes, types, text beside them.",
    discussion: """
      EXAMPLES
        apus inspect runs/lenet5-mnist/model.safetensors
        apus inspect resnet18.pth
        apus inspect arrays.npz --json
        apus inspect resnet18.onnx

      Files: .safetensors, .pth and .pt of PyTorch (no code in them is run), .npz and .npy of numpy, \
      .h5 and .keras of Keras, .onnx.
      """)

  @Argument(help: ArgumentHelp("The file.", valueName: "file")) var file: String
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    if file.hasSuffix(".onnx") {
      let listing = try ONNXListing(contentsOf: file)
      return try out.print(listing) { FileTexts.listing(listing) }
    }
    let listing = try TensorListing(contentsOf: file)
    try out.print(listing) { FileTexts.listing(listing) }
  }
}
