import ApusFormats
import ApusTensor
import CImage
import Synchronization

/// Masks in PNG files as samples of labels i32 `[height, width]`, brought to the form of their pictures.
final class MaskFiles: SampleReader {
  let paths: [String]
  private let form: PictureForm
  private let labels: [Int32?]
  private let cache: RowCache?

  var sampleType: TensorType { TensorType([form.height, form.width], .int32) }

  init(_ paths: [String], form: PictureForm, classes: MaskClasses, cacheBytes: Int) {
    (self.paths, self.form, labels) = (paths, form, classes.labels)
    let rowBytes = form.height * form.width * 4
    cache = paths.count <= cacheBytes / rowBytes ? RowCache(rows: paths.count, rowBytes: rowBytes) : nil
  }

  func read(_ samples: [UInt32], into rows: UnsafeMutableRawBufferPointer) throws {
    guard let start = rows.baseAddress else { return }
    let rowBytes = sampleType.byteCount
    for (place, sample) in samples.enumerated() {
      let (row, sample) = (start + place * rowBytes, Int(sample))
      if let cache, cache.copy(sample, to: row) { continue }
      try Mask(paths[sample]).write(labels, form, to: row.bindMemory(to: Int32.self, capacity: rowBytes / 4))
      cache?.keep(sample, row)
    }
  }

  /// What is wrong with each pair of picture and mask, nil where nothing is, and the numbers that occur in the masks.
  static func scan(_ pairs: [(image: String, mask: String)]) -> (problems: [DataError?], values: Set<Int>) {
    let found = Mutex(([DataError?](repeating: nil, count: pairs.count), Set<Int>()))
    ParallelLoop.run(pairs.count) { number in
      let pair = pairs[number]
      var values: Set<Int> = []
      let problem = DataError.caught {
        let mask = try Mask(pair.mask)
        // A picture that is none is told of when it is read.
        if let image = try? PictureFile.head(of: pair.image),
          image.width != mask.width || image.height != mask.height
        {
          throw DataError(
            place: pair.mask,
            problem: "has \(mask.width) x \(mask.height) pixels, its picture \(image.width) x \(image.height)",
            advice: "give a mask of the picture's size")
        }
        values = mask.values
      }
      let numbers = values
      found.withLock {
        $0.0[number] = problem
        $0.1.formUnion(numbers)
      }
    }
    return found.withLock { $0 }
  }
}

/// The numbers of the pixels of a mask.
private struct Mask {
  private let path: String
  private let numbers: Storage
  let width: Int
  let height: Int

  init(_ path: String) throws {
    let file = try PictureFile(path)
    self.path = path
    (width, height) = (Int(file.head.width), Int(file.head.height))
    let capacity = width * height * Int(file.head.bytes_per_pixel)
    let numbers = Storage(byteCount: capacity)
    var head = file.head
    try file.bytes.withBytes { bytes in
      let source = bytes.bindMemory(to: UInt8.self)
      let target = numbers.pointer.assumingMemoryBound(to: UInt8.self)
      try PictureFile.checked(path) { apus_png_numbers(source.baseAddress, source.count, &head, target, capacity, $0) }
    }
    self.numbers = numbers
  }

  var values: Set<Int> {
    var isThere = [Bool](repeating: false, count: 256)
    numbers.withBytes { bytes in for byte in bytes.prefix(width * height) { isThere[Int(byte)] = true } }
    return Set((0..<256).filter { isThere[$0] })
  }

  /// The labels in the form, each of the pixel nearest to its place.
  func write(_ labels: [Int32?], _ form: PictureForm, to row: UnsafeMutablePointer<Int32>) throws {
    let resizing = form.resizing(width: width, height: height)
    func places(_ old: Int, _ new: UInt32, _ start: UInt32, _ count: Int) -> [Int] {
      (0..<count).map { min(Int((Double(Int(start) + $0) + 0.5) * Double(old) / Double(new)), old - 1) }
    }
    let columns = places(width, resizing.new_width, resizing.left, form.width)
    let rows = places(height, resizing.new_height, resizing.top, form.height)
    try numbers.withBytes { bytes in
      for (y, from) in rows.enumerated() {
        for (x, column) in columns.enumerated() {
          let number = Int(bytes[from * width + column])
          guard let label = labels[number] else {
            throw DataError(
              place: path, problem: "holds the number \(number), which is no class of these masks",
              advice: "give masks with the classes of the training")
          }
          row[y * form.width + x] = label
        }
      }
    }
  }
}
