import ApusTensor

/// A long text as samples for a language model that carries its state from batch to batch.
///
/// The text is cut into as many streams of equal length as there are samples in a batch. Batch k holds the window k of each
/// stream, in the order of the streams, so that what a network has seen of a stream continues in the next batch. A sample's
/// target is the same window one symbol later.
public enum TextStreams {
  /// The samples of numbered symbols.
  ///
  /// - Parameters:
  ///   - name: what messages call the text.
  ///   - numbers: the symbols.
  ///   - symbolCount: how many symbols there are.
  ///   - streams: how many streams there are.
  ///   - window: symbols of a sample; fewer if a stream is shorter. What is left over at the end is not used.
  /// - Throws: ``DataError`` when there is not even one symbol and its successor for each stream.
  public static func dataset(
    name: String, numbers: [Int32], symbolCount: Int, streams: Int, window: Int
  ) throws -> Dataset {
    let length = (numbers.count - 1) / max(streams, 1)
    guard numbers.count > 1, streams > 0, length >= 1 else {
      throw DataError(
        place: name,
        problem:
          "has \(numbers.count) symbol\(numbers.count == 1 ? "" : "s"), too few for \(streams) streams side by side",
        advice: "give more text, or a smaller --batch-size")
    }
    let size = min(window, length)
    let windows = length / size
    let shape: Shape = [windows * streams, size]
    func array(from offset: Int) -> HostArray {
      HostArray(type: TensorType(shape, .int32)) { bytes in
        let target = bytes.bindMemory(to: Int32.self)
        for window in 0..<windows {
          for stream in 0..<streams {
            let (source, row) = (stream * length + window * size + offset, (window * streams + stream) * size)
            for step in 0..<size { target[row + step] = numbers[source + step] }
          }
        }
      }
    }
    return try Dataset(
      name: name, symbols: array(from: 0), symbolCount: symbolCount, targets: array(from: 1), classNames: [])
  }
}
