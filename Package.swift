// swift-tools-version: 6.1
import PackageDescription

/// What `Apus` exports.
let parts: [Target.Dependency] = [
  "ApusTensor", "ApusFormats", "ApusEvents", "ApusCPU", "ApusData", "ApusNN", "ApusOptimizers", "ApusModels",
  "ApusONNX", "ApusTraining", "ApusPlots", "ApusInsight",
]
/// What a target names that imports `Apus`. The package manager builds a target again when a module that it names has
/// changed, and the umbrella's own module does not change with its parts: linking would fail.
let apus = ["Apus"] + parts

let package = Package(
  name: "Apus",
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .target(name: "CRuntime"),
    .target(
      name: "CKernels",
      linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("sleef"), .linkedLibrary("m")]),
    .target(name: "ApusTensor", dependencies: ["CRuntime"]),
    .target(name: "ApusFormats", dependencies: ["ApusTensor", "CZlib", "CZip"]),
    .target(
      name: "ApusEvents", dependencies: ["ApusFormats", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["events.proto"]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg62-turbo-dev"])]),
    .target(name: "CImage", dependencies: ["CPNG", "CJPEG"]),
    .target(
      name: "ApusData", dependencies: ["ApusTensor", "ApusFormats", "CImage"], exclude: ["Resources/ATTRIBUTION.md"],
      resources: ["breast-cancer", "digits", "iris", "wine"].map { .embedInCode("Resources/\($0).csv.gz") }),
    .target(name: "ApusCompiler", dependencies: ["ApusTensor"]),
    .target(name: "ApusCPU", dependencies: ["ApusTensor", "ApusFormats", "ApusCompiler", "CKernels", "COneDNN"]),
    .target(name: "Apus", dependencies: parts + ["ApusCompiler"]),
    .target(name: "ApusReference", dependencies: ["ApusTensor"]),
    .target(name: "ApusNN", dependencies: ["ApusTensor", "ApusFormats"]),
    .target(
      name: "ApusONNX",
      dependencies: [
        "ApusTensor", "ApusFormats", "ApusNN", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["onnx.proto"]),
    .target(name: "ApusOptimizers", dependencies: ["ApusTensor", "ApusNN"]),
    .target(name: "ApusModels", dependencies: ["ApusTensor", "ApusFormats", "ApusNN"]),
    .target(name: "ApusPlots", dependencies: ["ApusFormats"]),
    .target(
      name: "ApusInsight", dependencies: ["ApusTensor", "ApusCompiler", "ApusNN", "ApusTraining", "ApusPlots"]),
    .target(
      name: "ApusTraining",
      dependencies: [
        "ApusTensor", "ApusFormats", "ApusData", "ApusEvents", "ApusNN", "ApusOptimizers", "ApusModels", "ApusONNX",
      ]),
    .target(name: "ApusLectures", dependencies: apus),
    .executableTarget(
      name: "ApusCommand",
      dependencies: apus + [
        "ApusCompiler", "ApusLectures", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "PlanOverhead", dependencies: apus + ["ApusCompiler"], path: "Benchmarks/PlanOverhead"),
    .executableTarget(name: "CostCurves", dependencies: apus, path: "Benchmarks/CostCurves"),
    .executableTarget(
      name: "SequenceLengths", dependencies: apus, path: "Benchmarks/SequenceLengths"),
    .executableTarget(name: "Loading", dependencies: apus, path: "Benchmarks/Loading"),
    .executableTarget(
      name: "EmbeddingRows", dependencies: apus, path: "Benchmarks/EmbeddingRows",
      exclude: ["embedding_rows.py"]),
    .executableTarget(name: "StepCosts", dependencies: apus, path: "Benchmarks/StepCosts"),
    .executableTarget(
      name: "ONNXConformance", dependencies: apus, path: "Tests/Interop/ONNXConformance"),
    .executableTarget(name: "CustomLoop", dependencies: apus, path: "Examples/CustomLoop"),
    .executableTarget(name: "DigitScenes", dependencies: apus, path: "Examples/DigitScenes"),
    .executableTarget(name: "FewImages", dependencies: apus, path: "Examples/FewImages"),
    .testTarget(
      name: "ApusTrainingTests", dependencies: apus + ["GoldenFiles"]),
    .testTarget(
      name: "ApusCommandTests",
      dependencies: apus + ["ApusCommand"]),
    .target(name: "GoldenFiles", dependencies: ["ApusTensor", "ApusFormats"], path: "Tests/Golden/Support"),
    .testTarget(name: "ApusNNTests", dependencies: ["ApusNN", "ApusCPU", "GoldenFiles"]),
    .testTarget(name: "ApusOptimizersTests", dependencies: ["ApusOptimizers", "ApusCPU", "GoldenFiles"]),
    .testTarget(
      name: "ApusModelsTests", dependencies: ["ApusModels", "ApusOptimizers", "ApusCPU", "GoldenFiles"]),
    .testTarget(name: "ApusCompilerTests", dependencies: apus + ["ApusCompiler", "ApusReference"]),
    .testTarget(name: "ApusTensorTests", dependencies: ["ApusTensor", "ApusReference"]),
    .testTarget(
      name: "ConformanceTests",
      dependencies: apus + ["ApusCompiler", "ApusReference", "GoldenFiles"]),
    .testTarget(name: "CKernelsTests", dependencies: ["CKernels"]),
    .testTarget(name: "ApusFormatsTests", dependencies: ["ApusFormats"], exclude: ["Fixtures"]),
    .testTarget(name: "ApusONNXTests", dependencies: apus, exclude: ["Fixtures"]),
    .testTarget(name: "ApusLecturesTests", dependencies: ["ApusLectures"]),
    .testTarget(name: "ApusEventsTests", dependencies: ["ApusEvents"], exclude: ["Fixtures"]),
    .testTarget(name: "ApusPlotsTests", dependencies: ["ApusPlots", "ApusFormats"]),
    .testTarget(name: "ApusInsightTests", dependencies: apus),
    .testTarget(name: "ApusDataTests", dependencies: ["ApusData", "GoldenFiles"], exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6]
)

// `make fuzz` builds this one, with flags of its own; nothing else can link it.
if Context.environment["APUS_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "Fuzzing", dependencies: ["ApusFormats", "ApusData", "ApusONNX", "ApusReference", "ApusTensor"],
      path: "Tests/Fuzzing", exclude: ["corpus"]))
}
