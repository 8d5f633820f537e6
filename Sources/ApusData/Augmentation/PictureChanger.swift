import ApusTensor
import CImage

/// Changes the pictures of a batch, one after another, each into f32 rows of its own.
struct PictureChanger {
  let augmentation: Augmentation
  let seed: UInt64
  let epoch: Int

  /// Changed pictures f32 `[B, channels, height, width]` and targets.
  ///
  /// - Parameters:
  ///   - batch: the place of the batch in the epoch; decides which pictures are mixed.
  ///   - data: pictures u8 or f32.
  /// - Throws: ``DataError`` or `FormatError` when a file cannot be read.
  func apply(
    _ samples: ArraySlice<UInt32>, of data: Dataset, batch: Int
  ) throws -> (inputs: HostArray, targets: HostArray) {
    let changes = samples.map { PictureChange(augmentation, seed: seed, epoch: epoch, sample: Int($0)) }
    let (source, places) = try data.inputRows(samples)
    let pictures = changed(places, source, changes)
    let rows = samples.map(Int.init)
    guard augmentation.mixup > 0, !data.hasPixelLabels else {
      let targets = try data.targetRows.gathered(rows)
      return (pictures, data.hasPixelLabels ? moved(targets, changes) : targets)
    }
    let distance = self.distance(batch: batch, count: rows.count)
    let parts = changes.map { Float($0.part) }
    return (
      mixed(pictures, parts, distance), mixed(softTargets(data, rows), parts, distance)
    )
  }

  /// Masks i32 `[B, height, width]` whose pixels take the places that those of the pictures take; no class where nothing
  /// of the old picture is.
  private func moved(_ masks: HostArray, _ changes: [PictureChange]) -> HostArray {
    let size = PictureSize(Shape(masks.shape.dropFirst()))
    let (height, width) = (Int64(size.height), Int64(size.width))
    return HostArray(type: masks.type) { target in
      masks.withUnsafeBytes { source in
        guard let from = source.bindMemory(to: Int32.self).baseAddress,
          let to = target.bindMemory(to: Int32.self).baseAddress
        else { return }
        for (place, change) in changes.enumerated() {
          let start = place * size.height * size.width
          guard var map = change.back?.sampling(size) else {
            (to + start).update(from: from + start, count: size.height * size.width)
            continue
          }
          apus_affine_nearest_i32(
            from + start, height, width, &map, Dataset.ignoredLabel, to + start, height, width)
        }
      }
    }
  }

  /// A picture is mixed with the one so many places further on, beginning anew at the end of the batch.
  private func distance(batch: Int, count: Int) -> Int {
    guard count > 1 else { return 0 }
    var generator = PhiloxGenerator(
      seed: seed ^ 0x6d69_7875_7021_2121, stream: UInt64(truncatingIfNeeded: epoch) << 32 | UInt64(batch))
    return 1 + Int(generator.next() % UInt64(count - 1))
  }

  private func changed(
    _ samples: ArraySlice<UInt32>, _ source: HostArray, _ changes: [PictureChange]
  ) -> HostArray {
    var shape = source.shape
    let size = PictureSize(Shape(shape.dropFirst()))
    let count = size.planes * size.height * size.width
    let rowBytes = count * source.dtype.byteCount
    let frame = FramedPlane(height: size.height, width: size.width)
    shape[0] = samples.count
    return HostArray(type: TensorType(shape, .float32)) { target in
      source.withUnsafeBytes { bytes in
        guard let from = bytes.baseAddress, let to = target.bindMemory(to: Float.self).baseAddress else { return }
        for (place, (sample, change)) in zip(samples, changes).enumerated() {
          let row = to + place * count
          draw(from + Int(sample) * rowBytes, source.dtype, size, frame, change.back, row)
          changeValues(row, count, change, isBytes: source.dtype == .uint8)
          cut(row, size, change.cutout)
        }
      }
    }
  }

  private func draw(
    _ source: UnsafeRawPointer, _ dtype: DType, _ size: PictureSize, _ frame: FramedPlane, _ back: AffineMap?,
    _ row: UnsafeMutablePointer<Float>
  ) {
    let plane = size.height * size.width
    guard let back else {
      if dtype == .uint8 {
        apus_widen_u8(source.assumingMemoryBound(to: UInt8.self), row, Int64(size.planes * plane))
      } else {
        row.update(from: source.assumingMemoryBound(to: Float.self), count: size.planes * plane)
      }
      return
    }
    let map = back.sampling(size)
    for index in 0..<size.planes {
      let from = source + index * plane * dtype.byteCount
      frame.sample(from, dtype, map, row + index * plane, size.height, size.width)
    }
  }

  /// Contrast, brightness and noise.
  private func changeValues(
    _ row: UnsafeMutablePointer<Float>, _ count: Int, _ change: PictureChange, isBytes: Bool
  ) {
    guard augmentation.contrast > 0 || augmentation.brightness > 0 || augmentation.noise > 0 else { return }
    let range: Double = isBytes ? 255 : 1
    let pivot = augmentation.contrast > 0 ? apus_lane_sum(row, Int64(count)) / Float(count) : 0
    // The sum of four bytes has the variance 4 (256^2 - 1) / 12.
    var values = apus_value_change(
      pivot: pivot, gain: Float(change.contrast), offset: Float(change.brightness * range),
      amplitude: Float(augmentation.noise * range / 21_845.0.squareRoot()), low: isBytes ? 0 : -.infinity,
      high: isBytes ? 255 : .infinity, keys: change.noiseKeys)
    apus_change_values(row, Int64(count), &values)
  }

  /// Makes a square zero, in every channel.
  private func cut(_ row: UnsafeMutablePointer<Float>, _ size: PictureSize, _ centre: (y: Double, x: Double)) {
    let side = Int(augmentation.cutout)
    guard side > 0 else { return }
    let top = Int(centre.y * Double(size.height)) - side / 2
    let left = Int(centre.x * Double(size.width)) - side / 2
    let columns = max(left, 0)..<min(max(left + side, 0), size.width)
    for plane in 0..<size.planes {
      for y in max(top, 0)..<min(max(top + side, 0), size.height) {
        (row + (plane * size.height + y) * size.width + columns.lowerBound).update(repeating: 0, count: columns.count)
      }
    }
  }

  /// f32 targets: classes become rows with a 1.
  private func softTargets(_ data: Dataset, _ rows: [Int]) -> HostArray {
    guard data.classCount > 0 else {
      let targets = data.targets.gatheringRows(rows)
      return HostArray(targets.scalars(as: Float.self), shape: targets.shape)
    }
    var values = [Float](repeating: 0, count: rows.count * data.classCount)
    data.targets.withUnsafeBytes { bytes in
      let labels = bytes.bindMemory(to: Int32.self)
      for (place, row) in rows.enumerated() { values[place * data.classCount + Int(labels[row])] = 1 }
    }
    return HostArray(values, shape: [rows.count, data.classCount])
  }

  /// A part of every row and the rest of the one `distance` places further on.
  private func mixed(_ array: HostArray, _ parts: [Float], _ distance: Int) -> HostArray {
    let length = array.shape.elementCount / parts.count
    return HostArray(type: array.type) { target in
      array.withUnsafeBytes { source in
        guard let from = source.bindMemory(to: Float.self).baseAddress,
          let to = target.bindMemory(to: Float.self).baseAddress
        else { return }
        for (place, part) in parts.enumerated() {
          let other = (place + distance) % parts.count
          apus_mix(from + place * length, from + other * length, part, to + place * length, Int64(length))
        }
      }
    }
  }
}
