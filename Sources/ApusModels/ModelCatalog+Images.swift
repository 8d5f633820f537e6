import ApusNN

// The networks for photographs and the like: entries of the catalog, and how their options are checked.
extension ModelCatalog {
  /// Their entries.
  static let images: [Entry] =
    SmallResNet.usualLayers.map { layers in
      Entry(
        name: "resnet\(layers)", summary: "ResNet-\(layers) for small images such as 32x32 (He et al., 2015)",
        options: ["width"], inputShape: [3, 32, 32]
      ) { configuration in
        let channels = try images(configuration, atLeast: 1)
        return SmallResNet(
          layers: layers, width: try width(configuration, usual: 16), channels: channels,
          classes: configuration.classes)
      }
    }
    + ResNet.Form.allCases.map { form in
      photographs(form.rawValue, "ResNet-\(form.rawValue.dropFirst(6)) (He et al., 2015)", options: []) {
        ResNet(form, channels: try images($0, atLeast: 1), classes: $0.classes)
      }
    }
    + VGG.Form.allCases.map { form in
      photographs(
        form.rawValue, "VGG-\(form.rawValue.dropFirst(3)) (Simonyan, Zisserman, 2014)",
        options: ["hidden", "dropout", "normalization"]
      ) { configuration in
        VGG(
          form, channels: try images(configuration, atLeast: 32), classes: configuration.classes,
          hidden: try denseWidths(configuration), dropout: try dropout(configuration) ?? 0.5,
          normalization: try HiddenOptions(configuration, widths: VGG.widths, images: VGG.widths.count).normalization)
      }
    }
    + [
      photographs(
        "alexnet", "AlexNet (Krizhevsky et al., 2012)", options: ["form", "hidden", "dropout"]
      ) { configuration in
        let form: AlexNet.Form = try form(configuration, usual: .torchvision)
        return AlexNet(
          form: form, channels: try images(configuration, atLeast: form == .torchvision ? 63 : 67),
          classes: configuration.classes, hidden: try denseWidths(configuration),
          dropout: try dropout(configuration) ?? 0.5)
      },
      photographs("googlenet", "GoogLeNet (Szegedy et al., 2015)", options: ["form", "dropout"]) { configuration in
        let form: GoogLeNet.Form = try form(configuration, usual: .torchvision)
        return GoogLeNet(
          form: form, channels: try images(configuration, atLeast: form == .original2014 ? 79 : 15),
          classes: configuration.classes, dropout: try dropout(configuration))
      },
      photographs(
        "inception-v3", "Inception-v3 (Szegedy et al., 2016)", options: ["form", "dropout"], size: 299,
        build: inceptionV3),
      photographs(
        "inception-v4", "Inception-v4 (Szegedy et al., 2017)", options: ["dropout"], size: 299
      ) {
        InceptionV4(
          channels: try images($0, atLeast: 75), classes: $0.classes, dropout: try dropout($0) ?? 0.2)
      },
      photographs(
        "inception-resnet-v2", "Inception-ResNet-v2 (Szegedy et al., 2017)", options: ["dropout"], size: 299
      ) {
        InceptionResNetV2(
          channels: try images($0, atLeast: 75), classes: $0.classes, dropout: try dropout($0) ?? 0.2)
      },
      photographs(
        "efficientnet-lite0", "EfficientNet-Lite0, for small machines (Tan, Le, 2019)", options: ["dropout"]
      ) {
        EfficientNetLite(
          channels: try images($0, atLeast: 32), classes: $0.classes, dropout: try dropout($0) ?? 0.2)
      },
      Entry(
        name: "digit-cnn", summary: "three convolutions and two dense layers for digits of 28x28", options: []
      ) { configuration in
        guard configuration.inputShape.count == 3, configuration.inputShape.dropFirst() == [28, 28] else {
          throw Failure(description: "digit-cnn takes images [channels, 28, 28], not \(configuration.inputShape)")
        }
        return DigitCNN(channels: configuration.inputShape[0], classes: configuration.classes)
      },
      Entry(
        name: "unet", summary: "U-Net, a class for every pixel (Ronneberger et al., 2015)",
        options: ["width", "spatial-dropout", "normalization"], inputShape: [1, 256, 256], classes: 2, build: unet),
    ]
    + FaceNet.Stage.allCases.map(faceNet)

  /// The forms of Inception-v3.
  private enum InceptionV3Form: String, CaseIterable {
    /// With the auxiliary head.
    case torchvision
    /// Without.
    case plain
  }

  private static func inceptionV3(_ configuration: Configuration) throws -> any Layer {
    let form: InceptionV3Form = try form(configuration, usual: .torchvision)
    let channels = try images(configuration, atLeast: 75)
    let shape = configuration.inputShape
    if form == .torchvision, shape[1] < 299 || shape[2] < 299 {
      throw Failure(
        description:
          "inception-v3 with its auxiliary head takes images of at least 299x299, not \(shape[1])x\(shape[2]); "
          + "choose the form plain, or enlarge them")
    }
    return InceptionV3(
      channels: channels, classes: configuration.classes, hasHead: form == .torchvision,
      dropout: try dropout(configuration) ?? 0.5)
  }

  private static func faceNet(_ stage: FaceNet.Stage) -> Entry {
    let (name, side) = (stage.catalogName, stage.side)
    return Entry(
      name: name, summary: "\(stage) network of the cascade that finds faces (Zhang et al., 2016)", options: [],
      inputShape: [3, side, side], classes: stage.outputs, isTrained: false
    ) { configuration in
      let shape = configuration.inputShape
      let isLarger = stage == .proposal && shape.count == 3 && shape[0] == 3 && shape[1] >= side && shape[2] >= side
      guard isLarger || shape == [3, side, side], configuration.classes == stage.outputs else {
        let needed = "pictures [3, \(side), \(side)]" + (stage == .proposal ? " or larger" : "")
        let given = "\(configuration.classes) for \(shape)"
        throw Failure(description: "\(name) gives \(stage.outputs) numbers for \(needed), not \(given)")
      }
      return FaceNet(stage)
    }
  }

  private static func unet(_ configuration: Configuration) throws -> any Layer {
    let channels = try images(configuration, atLeast: UNet.multiple)
    let (shape, width) = (configuration.inputShape, try width(configuration, usual: 64))
    guard shape[1] % UNet.multiple == 0, shape[2] % UNet.multiple == 0 else {
      throw Failure(
        description:
          "unet takes images whose height and width are multiples of 16, not \(shape[1])x\(shape[2]); resize or crop "
          + "them")
    }
    let widths = UNet.widths(width)
    let options = try HiddenOptions(configuration, widths: widths, images: widths.count)
    return UNet(
      channels: channels, classes: configuration.classes, width: width, dropout: options.spatialDropout,
      normalization: options.normalization)
  }

  /// An entry of a network made for photographs of 224x224 in 1000 classes.
  private static func photographs(
    _ name: String, _ summary: String, options: [String], size: Int = 224,
    build: @escaping @Sendable (Configuration) throws -> any Layer
  ) -> Entry {
    Entry(
      name: name, summary: summary, options: options, inputShape: [3, size, size], classes: 1000, build: build)
  }

  /// The channels of images that are large enough.
  private static func images(_ configuration: Configuration, atLeast size: Int) throws -> Int {
    let (name, shape) = (configuration.name, configuration.inputShape)
    guard shape.count == 3 else {
      throw Failure(description: "\(name) takes images [channels, height, width], not samples of shape \(shape)")
    }
    guard shape[1] >= size, shape[2] >= size else {
      throw Failure(
        description:
          "\(name) takes images of at least \(size)x\(size), not \(shape[1])x\(shape[2]); enlarge them, or choose "
          + "a network for small images such as resnet20")
    }
    return shape[0]
  }

  /// The form that is asked for.
  static func form<Form: RawRepresentable & CaseIterable>(
    _ configuration: Configuration, usual: Form
  ) throws -> Form where Form.RawValue == String {
    guard let name = configuration.form else { return usual }
    if let form = Form(rawValue: name) { return form }
    let names = Form.allCases.map(\.rawValue).joined(separator: ", ")
    throw Failure(description: "\(configuration.name): there is no form '\(name)'; choose one of: \(names)")
  }

  static func dropout(_ configuration: Configuration) throws -> Double? {
    guard let dropout = configuration.dropout else { return nil }
    guard dropout >= 0, dropout < 1 else {
      throw Failure(description: "\(configuration.name): dropout must be at least 0 and below 1, got \(dropout)")
    }
    return dropout
  }

  private static func width(_ configuration: Configuration, usual: Int) throws -> Int {
    let width = configuration.width ?? usual
    guard (1...1024).contains(width) else {
      throw Failure(description: "\(configuration.name): width must be from 1 to 1024 channels, got \(width)")
    }
    return width
  }

  /// Widths of the hidden dense layers.
  private static func denseWidths(_ configuration: Configuration) throws -> [Int] {
    let widths = configuration.hidden ?? [4096, 4096]
    guard widths.allSatisfy({ (1...65536).contains($0) }) else {
      throw Failure(
        description: "\(configuration.name): every hidden layer needs 1 to 65536 units, got \(widths)")
    }
    return widths
  }
}
