import ApusTensor
import Foundation
import GoldenFiles
import Testing

@testable import ApusData

@Suite struct AffineMapTests {
  /// Bilinear sampling with zeros outside, by plain loops in f64.
  private func reference(_ picture: HostArray, _ map: AffineMap) throws -> [Double] {
    let (height, width) = (picture.shape[picture.shape.rank - 2], picture.shape[picture.shape.rank - 1])
    let values = picture.scalars(as: Double.self)
    let determinant = map.xx * map.yy - map.xy * map.yx
    let (cx, cy) = (Double(width - 1) / 2, Double(height - 1) / 2)
    return (0..<values.count).map { index in
      let plane = index / (height * width)
      let (y, x) = (index / width % height, index % width)
      // Solves for the old point by Cramer's rule.
      let (px, py) = (Double(x) - cx - map.tx, Double(y) - cy - map.ty)
      let fromX = (map.yy * px - map.xy * py) / determinant + cx
      let fromY = (map.xx * py - map.yx * px) / determinant + cy
      var sum = 0.0
      for row in Int(fromY.rounded(.down))...Int(fromY.rounded(.down)) + 1 where (0..<height).contains(row) {
        for column in Int(fromX.rounded(.down))...Int(fromX.rounded(.down)) + 1 where (0..<width).contains(column) {
          let weight = (1 - abs(fromX - Double(column))) * (1 - abs(fromY - Double(row)))
          sum += weight * values[(plane * height + row) * width + column]
        }
      }
      return sum
    }
  }

  private func picture(_ shape: Shape, bytes: Bool = false) -> HostArray {
    var generator = PhiloxGenerator(seed: 21, stream: UInt64(shape.elementCount))
    let values = (0..<shape.elementCount).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    return bytes ? HostArray(values, shape: shape) : HostArray(values.map { Float($0) / 64 - 2 }, shape: shape)
  }

  @Test func agreesWithPlainLoops() throws {
    for shape in [[3, 9, 11], [2, 1, 28, 28], [1, 1, 1], [1, 40, 3]] as [Shape] {
      for bytes in [true, false] {
        let picture = picture(shape, bytes: bytes)
        for step in 0..<12 {
          let s = Double(step)
          let map = AffineMap.flip(horizontally: step % 2 == 1, vertically: step % 3 == 1)
            .then(.zoom(x: 0.6 + 0.1 * s, y: 1.5 - 0.07 * s)).then(.shear(degrees: 4 * s - 20))
            .then(.rotation(degrees: 31 * s)).then(.shift(x: s - 6, y: 0.37 * s))
          let result = map.applied(to: picture)
          #expect(result.type == TensorType(shape, .float32))
          let largest = bytes ? 255.0 : 2
          for (a, b) in zip(result.scalars(as: Double.self), try reference(picture, map)) {
            #expect(abs(a - b) < 2e-5 * largest)
          }
        }
      }
    }
  }

  @Test func agreesWithPyTorch() throws {
    let golden = try GoldenFile("pictures", .float64)
    #expect(golden.cases(of: "affine").count == 7 && golden.cases(of: "resize").count == 4)
    for item in golden.cases {
      let wide = try item.array("input")
      let input = HostArray(wide.scalars(as: Float.self), shape: wide.shape)
      let expected = try item.array("output")
      let result: HostArray
      if item.operation == "resize" {
        result = Pictures.resized(input, height: expected.shape[2], width: expected.shape[3])
      } else {
        let list = try #require(item.options["theta"])
        guard case .list(let theta) = list else { continue }
        let (width, height) = (Double(input.shape[3]), Double(input.shape[2]))
        let back = AffineMap(
          xx: theta[0], xy: theta[1] * width / height, yx: theta[3] * height / width, yy: theta[4],
          tx: theta[2] * width / 2, ty: theta[5] * height / 2)
        result = try #require(back.inverse).applied(to: input)
      }
      #expect(result.shape == expected.shape)
      let reference = expected.scalars(as: Double.self)
      let scale = max(reference.reduce(0) { $0 + abs($1) } / Double(reference.count), 1e-30)
      for (a, b) in zip(result.scalars(as: Double.self), reference) {
        #expect(abs(a - b) / max(abs(b), scale) <= 1e-5, "\(item.name)")
      }
    }
  }

  @Test func someMapsAreExact() throws {
    let square = picture([2, 3, 6, 6])
    let values = square.scalars(as: Float.self)
    func same(_ map: AffineMap, _ place: (Int, Int) -> (y: Int, x: Int)?) {
      let result = map.applied(to: square).scalars(as: Float.self)
      for (index, value) in result.enumerated() {
        let (plane, y, x) = (index / 36, index / 6 % 6, index % 6)
        #expect(value == (place(y, x).map { values[plane * 36 + $0.y * 6 + $0.x] } ?? 0))
      }
    }
    same(AffineMap()) { ($0, $1) }
    same(.rotation(degrees: 360)) { ($0, $1) }
    // Clockwise: what was on the left is on top.
    same(.rotation(degrees: 90)) { (5 - $1, $0) }
    same(.rotation(degrees: -90)) { ($1, 5 - $0) }
    same(.rotation(degrees: 180)) { (5 - $0, 5 - $1) }
    same(.flip(horizontally: true)) { ($0, 5 - $1) }
    same(.flip(horizontally: false, vertically: true)) { (5 - $0, $1) }
    same(AffineMap.flip(horizontally: true).then(.flip(horizontally: true))) { ($0, $1) }
    same(.shift(x: 2, y: -1)) { $1 >= 2 && $0 < 5 ? ($0 + 1, $1 - 2) : nil }
    same(AffineMap.shift(x: 2.5, y: 1).then(.shift(x: -2.5, y: -1))) { ($0, $1) }
    let twice = AffineMap.shift(x: 0, y: 2).applied(to: AffineMap.shift(x: 0, y: -2).applied(to: square))
    for (index, value) in twice.scalars(as: Float.self).enumerated() {
      #expect(value == (index / 6 % 6 < 2 ? 0 : values[index]))
    }
    #expect(Pictures.resized(square, height: 6, width: 6).scalars(as: Float.self) == values)
  }

  @Test func mapsAreUndone() throws {
    let map = AffineMap.zoom(x: 1.3, y: 0.8).then(.shear(degrees: 20)).then(.rotation(degrees: 33)).then(
      .shift(x: 3, y: -2))
    let none = map.then(try #require(map.inverse))
    for (a, b) in zip([none.xx, none.xy, none.yx, none.yy, none.tx, none.ty], [1, 0, 0, 1, 0, 0] as [Double]) {
      #expect(abs(a - b) < 1e-14)
    }
    #expect(AffineMap.zoom(x: 0, y: 1).inverse == nil)
    #expect(AffineMap(xx: .nan, xy: 0, yx: 0, yy: 1).inverse == nil)
    #expect(AffineMap(xx: .infinity, xy: 0, yx: 0, yy: 1).inverse == nil)
  }
}

@Suite struct AugmentationTextTests {
  @Test func readsAndWritesText() throws {
    let text =
      "shift=2,rotate=10,zoom=0.1,shear=5,crop=4,noise=0.02,cutout=6,brightness=0.1,contrast=0.2,mixup=0.3,flip,flip-vertical"
    let all = try Augmentation(text)
    #expect(all.shift == 2 && all.rotation == 10 && all.zoom == 0.1 && all.shear == 5 && all.crop == 4)
    #expect(all.noise == 0.02 && all.cutout == 6 && all.brightness == 0.1 && all.contrast == 0.2 && all.mixup == 0.3)
    #expect(all.flipsHorizontally && all.flipsVertically && !all.isIdentity)
    #expect(all.description == text)
    #expect(try Augmentation(all.description) == all)
    #expect(try Augmentation("standard") == .standard)
    #expect(Augmentation.standard.description == "shift=2,rotate=10,zoom=0.1,shear=5")
    #expect(try Augmentation(" standard , shift = 0.5").shift == 0.5)
    #expect(try Augmentation("shift=0").isIdentity)
    #expect(Augmentation().description.isEmpty)
    for augmentation in [all, .standard, Augmentation()] {
      let coded = try JSONEncoder().encode([augmentation])
      #expect(try JSONDecoder().decode([Augmentation].self, from: coded) == [augmentation])
    }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Augmentation].self, from: Data("[\"shift=-1\"]".utf8))
    }
  }

  @Test func refusesImpossibleTerms() {
    func problem(_ text: String) -> String { message { _ = try Augmentation(text) } }
    #expect(problem("spin=3").contains("--augment: knows no change 'spin=3'; choose from shift=, rotate="))
    #expect(problem("").contains("knows no change ''"))
    #expect(problem("shift=1,").contains("knows no change ''"))
    #expect(problem("flip=1").contains("knows no change 'flip=1'"))
    #expect(problem("standard=2").contains("knows no change"))
    #expect(problem("shift").contains("'shift' needs a number, got ''; write it as shift=10"))
    #expect(problem("zoom=x").contains("'zoom' needs a number, got 'x'; write it as zoom=0.1"))
    for name in ["shift", "rotate", "zoom", "shear", "crop", "noise", "cutout", "brightness", "contrast", "mixup"] {
      for value in ["-1", "nan", "inf", "1e9"] {
        #expect(problem("\(name)=\(value)").contains("'\(name)' cannot be "), "\(name)=\(value)")
      }
    }
    #expect(problem("crop=1.5").contains("give a whole number from 0 to 10000"))
    #expect(problem("cutout=0.5").contains("give a whole number"))
    var wrong = Augmentation()
    wrong.noise = 2
    #expect(message { try wrong.validate() }.contains("'noise' cannot be 2; give a number from 0 to 1"))
  }
}

@Suite struct AugmentedBatchTests {
  static let everything =
    "shift=2,rotate=10,zoom=0.1,shear=5,crop=1,flip,flip-vertical,noise=0.02,cutout=4,"
    + "brightness=0.1,contrast=0.1,mixup=0.4"

  private func pictures(_ count: Int, _ shape: Shape, bytes: Bool = true, classes: Int = 3) throws -> Dataset {
    var generator = PhiloxGenerator(seed: 5, stream: 1)
    let values = (0..<count * shape.elementCount).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let full = Shape([count] + Array(shape))
    return try Dataset(
      name: "p",
      inputs: bytes ? HostArray(values, shape: full) : HostArray(values.map { Float($0) / 255 }, shape: full),
      targets: HostArray((0..<count).map { Int32($0 % classes) }, shape: [count]),
      classNames: (0..<classes).map { "\($0)" })
  }

  private func bits(_ batches: [Batch]) -> [UInt32] {
    batches.flatMap { batch in
      batch.inputs.scalars(as: Float.self).map(\.bitPattern) + batch.targets.scalars(as: Float.self).map(\.bitPattern)
    }
  }

  @Test func isAFunctionOfSeedEpochAndSample() throws {
    let data = try pictures(50, [2, 9, 8])
    let all = try Augmentation(Self.everything)
    let normalization = try Normalization(fitting: data)
    func batches(seed: UInt64 = 3, epoch: Int = 2, from start: Int = 0, prefetch: Int = 2) -> [Batch] {
      Array(
        data.batches(
          of: 8, seed: seed, epoch: epoch, normalization: normalization, augmentation: all, startingAt: start,
          prefetch: prefetch))
    }
    let whole = batches()
    #expect(whole.count == 7 && whole[6].inputs.type == TensorType([2, 2, 9, 8], .float32))
    for prefetch in [0, 1, 7] { #expect(bits(batches(prefetch: prefetch)) == bits(whole)) }
    #expect(bits(batches(from: 4)) == bits(Array(whole[4...])))
    #expect(bits(batches(epoch: 3)) != bits(whole) && bits(batches(seed: 4)) != bits(whole))
    // Without mixing, a sample's picture does not depend on the batch it is in.
    var unmixed = all
    unmixed.mixup = 0
    func rows(_ size: Int) -> [Set<[Float]>] {
      data.batches(of: size, seed: 3, epoch: 2, augmentation: unmixed).map { batch in
        let values = batch.inputs.scalars(as: Float.self)
        return Set(stride(from: 0, to: values.count, by: 144).map { Array(values[$0..<$0 + 144]) })
      }
    }
    #expect(Set(rows(8).flatMap { $0 }) == Set(rows(13).flatMap { $0 }))
    #expect(rows(50)[0].count == 50)
  }

  /// The same numbers on every machine and in every later version: runs are resumed by them. The expected ones were
  /// computed by a separate program in Python, with matrices of numpy.
  @Test func numbersNeverChange() throws {
    let change = PictureChange(try Augmentation(Self.everything), seed: 9, epoch: 4, sample: 77)
    let back = try #require(change.back)
    let found = [back.xx, back.xy, back.yx, back.yy, back.tx, back.ty, change.brightness, change.contrast, change.part]
    let expected: [Double] = [
      -0.919912984128888, 0.0839717675038322, 0.08130670476793868, 0.9201484759812483, -2.230076860352947,
      0.5498624921982191, -0.004487528715377942, 0.9874253438699687, 0.8860854163571156,
    ]
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-12, "\(found)") }
    #expect(change.noiseKeys == (140_583_382, 2_401_953_670))
  }

  @Test func noChangeGivesTheSamePictures() throws {
    let data = try pictures(6, [1, 5, 4])
    let normalization = try Normalization(fitting: data)
    let plain = try data.batch([0, 1, 2, 3, 4, 5], normalization: normalization).inputs.scalars(as: Float.self)
    for text in ["shift=0", "noise=1e-30", "mixup=1e-9", "contrast=1e-30,brightness=1e-30"] {
      let augmentation = try Augmentation(text)
      let batch = try #require(
        Array(data.batches(of: 6, shuffle: false, normalization: normalization, augmentation: augmentation)).first)
      for (a, b) in zip(batch.inputs.scalars(as: Float.self), plain) { #expect(abs(a - b) < 1e-6) }
    }
    let floats = try pictures(6, [1, 5, 4], bytes: false)
    let raw = try #require(
      Array(floats.batches(of: 6, shuffle: false, augmentation: try Augmentation("noise=1e-30"))).first)
    #expect(raw.inputs.scalars(as: Float.self) == floats.inputs.scalars(as: Float.self))
  }

  private func rows(_ data: Dataset, _ text: String, epochs: Int = 1) throws -> [[Float]] {
    let augmentation = try Augmentation(text)
    let size = data.sampleShape.elementCount
    return (0..<epochs).flatMap { epoch in
      data.batches(of: 7, seed: 1, epoch: epoch, shuffle: false, augmentation: augmentation).flatMap { batch in
        let values = batch.inputs.scalars(as: Float.self)
        return stride(from: 0, to: values.count, by: size).map { Array(values[$0..<$0 + size]) }
      }
    }
  }

  @Test func flipsHalfOfThePictures() throws {
    let data = try pictures(1, [1, 3, 4])
    let old = data.inputs.scalars(as: Float.self)
    func at(_ y: Int, _ x: Int) -> Float { old[y * 4 + x] }
    let flipped = (0..<12).map { at($0 / 4, 3 - $0 % 4) }
    let turned = (0..<12).map { at(2 - $0 / 4, $0 % 4) }
    let sideways = try rows(data, "flip", epochs: 400)
    #expect(sideways.allSatisfy { $0 == old || $0 == flipped })
    // 400 throws of a coin: 4 deviations are 40.
    #expect(abs(sideways.count { $0 == old } - 200) < 40)
    let both = Set(try rows(data, "flip,flip-vertical", epochs: 100))
    #expect(both.count == 4 && both.contains(turned) && both.contains(Array(old.reversed())))
  }

  @Test func cropsMoveByWholePixels() throws {
    let data = try pictures(1, [1, 3, 3])
    let old = data.inputs.scalars(as: Float.self)
    var seen: Set<[Float]> = []
    for row in try rows(data, "crop=1", epochs: 200) { seen.insert(row) }
    var expected: Set<[Float]> = []
    for dy in -1...1 {
      for dx in -1...1 {
        expected.insert(
          (0..<9).map { place in
            let (y, x) = (place / 3 - dy, place % 3 - dx)
            return (0..<3).contains(y) && (0..<3).contains(x) ? old[y * 3 + x] : 0
          })
      }
    }
    #expect(seen == expected)
  }

  @Test func cutoutIsASquare() throws {
    let data = try Dataset(
      name: "w", inputs: HostArray([UInt8](repeating: 200, count: 2 * 64), shape: [1, 2, 8, 8]),
      targets: HostArray([Int32(0)], shape: [1]), classNames: ["a"])
    var sizes: Set<Int> = []
    for row in try rows(data, "cutout=3", epochs: 300) {
      #expect(Array(row[..<64]) == Array(row[64...]), "the same square in every channel")
      let zeros = (0..<64).filter { row[$0] == 0 }
      let (ys, xs) = (Set(zeros.map { $0 / 8 }), Set(zeros.map { $0 % 8 }))
      #expect(zeros.count == ys.count * xs.count && zeros.count >= 4)
      #expect(ys.max()! - ys.min()! == ys.count - 1 && xs.max()! - xs.min()! == xs.count - 1)
      sizes.insert(zeros.count)
    }
    #expect(sizes == [4, 6, 9])
    #expect(try rows(data, "cutout=100").allSatisfy { $0.allSatisfy { $0 == 0 } })
  }

  @Test func noiseIsBellShapedAndIndependent() throws {
    let gray = try Dataset(
      name: "g", inputs: HostArray([Float](repeating: 0, count: 20 * 1024), shape: [20, 1, 32, 32]),
      targets: HostArray([Int32](repeating: 0, count: 20), shape: [20]), classNames: ["a"])
    let rows = try rows(gray, "noise=0.1")
    let all = rows.flatMap { $0 }.map(Double.init)
    let count = Double(all.count)
    let mean = all.reduce(0, +) / count
    let deviation = (all.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
    #expect(abs(mean) < 4 * 0.1 / count.squareRoot() && abs(deviation - 0.1) < 0.002)
    // Kurtosis of a sum of four uniform numbers: 3 - 6/5/4 = 2.7.
    let kurtosis = all.reduce(0) { $0 + pow($1 / deviation, 4) } / count
    #expect(abs(kurtosis - 2.7) < 0.1 && all.allSatisfy { abs($0) <= 0.3451 })
    let neighbours = zip(all, all.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / count / deviation / deviation
    let pictures = zip(rows[0], rows[1]).reduce(0.0) { $0 + Double($1.0 * $1.1) } / 1024 / deviation / deviation
    #expect(abs(neighbours) < 0.03 && abs(pictures) < 0.13)
  }

  @Test func brightnessAndContrastChangeValues() throws {
    let bytes = (0..<16).map { UInt8(60 + 8 * $0) }
    let data = try Dataset(
      name: "b", inputs: HostArray(bytes, shape: [1, 1, 4, 4]), targets: HostArray([Int32(0)], shape: [1]),
      classNames: ["a"])
    let old = bytes.map { Double($0) }
    var offsets: [Double] = []
    for row in try rows(data, "brightness=0.2", epochs: 200) {
      let offset = Double(row[0]) - old[0]
      for (a, b) in zip(row, old) { #expect(abs(Double(a) - b - offset) < 1e-4) }
      offsets.append(offset / 255)
    }
    #expect(offsets.allSatisfy { abs($0) <= 0.2 } && offsets.max()! > 0.17 && offsets.min()! < -0.17)
    var gains: [Double] = []
    for row in try rows(data, "contrast=0.3", epochs: 200) {
      let gain = (Double(row[15]) - 120) / (old[15] - 120)
      for (a, b) in zip(row, old) { #expect(abs(Double(a) - 120 - gain * (b - 120)) < 1e-3) }
      gains.append(gain)
    }
    #expect(gains.allSatisfy { abs($0 - 1) <= 0.3001 } && gains.max()! > 1.25 && gains.min()! < 0.75)
    #expect(
      try rows(data, "brightness=1,contrast=1,noise=1", epochs: 50).allSatisfy { $0.allSatisfy { 0...255 ~= $0 } })
  }

  @Test func placesChangeWithinTheirLimits() throws {
    let augmentation = try Augmentation("shift=3,rotate=20,zoom=0.5,shear=10")
    var (largestShift, angles) = (0.0, [Double]())
    for sample in 0..<500 {
      let back = try #require(PictureChange(augmentation, seed: 1, epoch: 0, sample: sample).back)
      let map = try #require(back.inverse)
      #expect(abs(map.tx) <= 3.001 && abs(map.ty) <= 3.001)
      largestShift = max(largestShift, abs(map.tx))
      let area = map.xx * map.yy - map.xy * map.yx
      #expect(area >= 1 / 2.2501 && area <= 2.2501)
      angles.append(atan2(map.yx, map.xx) * 180 / .pi)
    }
    #expect(largestShift > 2.9 && angles.max()! > 19 && angles.min()! < -19 && angles.allSatisfy { abs($0) <= 20.001 })
  }

  @Test func mixupMixesPicturesAndTargets() throws {
    let data = try pictures(40, [1, 4, 4], classes: 5)
    let old = data.inputs.scalars(as: Float.self)
    let augmentation = try Augmentation("mixup=1")
    for batch in data.batches(of: 8, seed: 2, epoch: 1, shuffle: false, augmentation: augmentation) {
      #expect(batch.targets.type == TensorType([batch.count, 5], .float32))
      let (values, targets) = (batch.inputs.scalars(as: Float.self), batch.targets.scalars(as: Float.self))
      for row in 0..<batch.count {
        let sample = batch.index * 8 + row
        let target = Array(targets[row * 5..<row * 5 + 5])
        #expect(abs(target.reduce(0, +) - 1) < 1e-6 && target.count { $0 > 0 } <= 2)
        let part = target[sample % 5]
        #expect(part >= 0.4999 && part == target.max())
        // Some other sample of the batch explains the rest.
        let isExplained = (0..<batch.count).contains { other in
          other != row
            && (0..<16).allSatisfy { pixel in
              let mine = Double(old[sample * 16 + pixel])
              let theirs = Double(old[(batch.index * 8 + other) * 16 + pixel])
              let share = (batch.index * 8 + other) % 5 == sample % 5 ? nil : Double(part)
              guard let share else { return true }
              return abs(Double(values[row * 16 + pixel]) - share * mine - (1 - share) * theirs) < 1e-2
            }
        }
        #expect(isExplained)
      }
    }
    let numbers = try Dataset(
      name: "r", inputs: data.inputs, targets: HostArray((0..<40).map { Float($0) }, shape: [40, 1]), classNames: [])
    let mixed = numbers.batches(of: 40, shuffle: false, augmentation: augmentation).flatMap {
      $0.targets.scalars(as: Double.self)
    }
    #expect(abs(mixed.reduce(0, +) - 780) < 200 && mixed != (0..<40).map { Double($0) })
    #expect(data.batches(of: 1, augmentation: augmentation).allSatisfy { $0.targets.shape == [1, 5] })
  }

  @Test(arguments: [0.05, 0.2, 1, 3.5])
  func mixingPartsAreBetaDistributed(alpha: Double) {
    var generator = PhiloxGenerator(seed: 8, stream: UInt64(alpha * 100))
    // max(t, 1 - t) keeps (t - 1/2)^2, whose mean is the variance of Beta(a, a): 1 / (4 (2a + 1)).
    let parts = (0..<20_000).map { _ in generator.mixingPart(alpha) }
    #expect(parts.allSatisfy { $0 >= 0.5 && $0 <= 1 })
    let variance = parts.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / 20_000
    let expected = 1 / (4 * (2 * alpha + 1))
    #expect(abs(variance - expected) < 0.03 * expected)
    var tiny = PhiloxGenerator(seed: 8, stream: 1)
    #expect((0..<100).allSatisfy { _ in tiny.mixingPart(1e-9) == 1 })
  }

  @Test func needsPictures() throws {
    let (rows, fitting) = (try sample(3), try pictures(2, [1, 3, 3]))
    #expect(!Augmentation.standard.fits(rows) && Augmentation.standard.fits(fitting))
    let wide = try Dataset(
      name: "w", inputs: HostArray([Double](repeating: 0, count: 9), shape: [1, 1, 3, 3]),
      targets: HostArray([Int32(0)], shape: [1]), classNames: ["a"])
    #expect(!Augmentation.standard.fits(wide))
  }
}
