import ApusCPU
import ApusData
import ApusModels
import ApusNN
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusTraining

@Suite struct FaceTests {
  private static let golden = try! GoldenFile("faces", .float32)

  /// The three networks with weights from the noise of `Tests/Golden/golden/architectures.py`.
  private func networks() -> [FaceNet] {
    FaceNet.Stage.allCases.map { stage in
      let network = FaceNet(stage)
      for named in network.parameters {
        let (name, parameter) = (named.name, named.parameter)
        let shape = parameter.shape
        let fan = Float(3 / Double(max(shape.dropFirst().reduce(1, *), 1)))
        parameter.replace(Tensor(Noise.values(name, shape) { $0 * (shape.rank > 1 ? fan.squareRoot() : 0.125) }))
      }
      return network
    }
  }

  /// The same faces as the package's own code, in pictures of many sizes, with squares beyond the border.
  @Test func facesAreThoseOfThePackage() throws {
    let golden = try #require(Self.golden.cases(of: "cascade").first)
    let boxes = try golden.array("boxes").scalars(as: Float.self)
    let points = try golden.array("points").scalars(as: Float.self)
    try Execution.$override.withValue(CPUExecutor.make()) {
      let detector = try FaceDetector(
        networks: networks(), smallest: Int(golden.options["smallest"]?.double ?? 0),
        thresholds: golden.options["thresholds"]?.doubles ?? [])
      let faces = detector.faces(in: try golden.array("picture"))
      try #require(faces.count == 11 && boxes.count == 55)
      for (number, face) in faces.enumerated() {
        let wanted = boxes[5 * number..<5 * number + 5].map(Double.init)
        for (value, expected) in zip(face.box + [face.probability], wanted) { #expect(abs(value - expected) < 1e-3) }
        let places = points[10 * number..<10 * number + 10].map(Double.init)
        for (value, expected) in zip(face.landmarks.flatMap { $0 }, places) { #expect(abs(value - expected) < 1e-3) }
      }
    }
  }

  /// Means of windows that share a part of the picture out.
  @Test func partsAreResized() {
    let picture = HostArray((0..<3 * 3 * 4).map { UInt8($0) }, shape: [3, 3, 4])
    let small = FaceDetector.resized(picture, rows: 1..<3, columns: 0..<3, 1, 2)
    // Rows 1 and 2, columns 0 and 1, then 1 and 2.
    #expect(small == [6.5, 7.5, 18.5, 19.5, 30.5, 31.5].map { (Float($0) - 127.5) / 128 })
    let large = FaceDetector.resized(picture, rows: 0..<1, columns: 0..<2, 2, 3)
    #expect(Array(large.prefix(6)) == [0, 0.5, 1, 0, 0.5, 1].map { (Float($0) - 127.5) / 128 })
  }

  @Test func overlapsAreDropped() {
    func box(_ left: Float, _ right: Float, _ score: Float) -> FaceBox {
      FaceBox(left: left, top: 0, right: right, bottom: 10, score: score)
    }
    let boxes = [box(0, 10, 0.5), box(2, 12, 0.9), box(40, 50, 0.7), box(0, 100, 0.8)]
    // 8 of 12 columns are shared; the wide box shares 10 of 100.
    #expect(FaceBox.best(of: boxes, sharing: 0.5).map(\.score) == [0.9, 0.8, 0.7])
    #expect(FaceBox.best(of: boxes, sharing: 0.7).map(\.score) == [0.9, 0.8, 0.7, 0.5])
    // Of the smaller one all is shared; what a dropped box covers stays.
    #expect(FaceBox.best(of: boxes, sharing: 0.7, .ofSmaller).map(\.score) == [0.9, 0.7])
    #expect(box(.nan, 3, 1).pixels(height: 9, width: 9) == nil && box(20, 30, 1).pixels(height: 9, width: 9) == nil)
    let inside = box(-4, 5.9, 1).pixels(height: 8, width: 9)
    #expect(inside?.rows == 0..<8 && inside?.columns == 0..<5)
  }

  @Test func framesAreDrawn() {
    let picture = HostArray([UInt8](repeating: 7, count: 3 * 20 * 30), shape: [3, 20, 30])
    let face = FaceDetector.Face(
      box: [-3, 2, 12, 18], probability: 1, landmarks: [[Double]](repeating: [5, 9], count: 5))
    let framed = FaceDetector.framed(picture, [face]).scalars(as: UInt8.self)
    func pixel(_ x: Int, _ y: Int) -> [UInt8] { (0..<3).map { framed[($0 * 20 + y) * 30 + x] } }
    for (x, y) in [(0, 2), (11, 2), (11, 10), (4, 17), (5, 9)] { #expect(pixel(x, y) == [0, 230, 60]) }
    for (x, y) in [(0, 1), (12, 2), (6, 11), (0, 10), (29, 19)] { #expect(pixel(x, y) == [7, 7, 7]) }
  }
}
