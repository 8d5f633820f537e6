import ApusData
import ApusPlots
import ApusTensor
import ApusTraining

/// Pictures of samples with what they were taken for.
enum SamplePlots {
  /// How many pictures stand in a figure.
  static let most = 12

  /// Pictures that were taken for a wrong class, the surest first; nil when there are none or samples are no pictures.
  static func wrong(_ judged: JudgedSamples) -> Figure? {
    figure("Most confidently wrong", judged, judged.mostConfidentlyWrong) { sample, names in
      "\(names[sample.predicted]) (\(percent(sample.probability)))\nis \(names[sample.actual]) "
        + "(\(percent(sample.actualProbability)))"
    }
  }

  /// Pictures that were classified rightly, class by class.
  static func right(_ judged: JudgedSamples) -> Figure? {
    figure("Classified rightly", judged, judged.right) { sample, names in
      "\(names[sample.predicted]) (\(percent(sample.probability)))"
    }
  }

  private static func percent(_ part: Double) -> String { Rounding.text(part * 100, part > 0.995 ? 1 : 0) + " %" }

  private static func figure(
    _ title: String, _ judged: JudgedSamples, _ samples: [JudgedSamples.Sample],
    _ caption: (JudgedSamples.Sample, [String]) -> String
  ) -> Figure? {
    let shown = Array(samples.prefix(most))
    let pictures = pictures(of: judged.data, shown.map(\.index))
    guard !pictures.isEmpty else { return nil }
    let panels = zip(shown, pictures).map { sample, picture in
      Panel.picture(
        caption(sample, judged.data.classNames), picture,
        captionColor: sample.predicted == sample.actual ? .green : .vermilion)
    }
    // A caption of two names, or of one long name, takes another line.
    let captions = panels.map { $0.title.split(separator: "\n").reduce(0) { $0 + ($1.count + 18) / 19 } }
    return Figure(
      title, columns: 3, panelSize: Figure.Size(150, 154 + 18 * (captions.max() ?? 1)), panels: panels)
  }

  /// The longest side that is drawn; larger pictures are made smaller.
  private static let longestSide = 128

  /// Samples as pictures, their values stretched from the smallest to the largest of the part's; empty when they are
  /// not of 1 or 3 channels, or a file of theirs is gone.
  static func pictures(of data: Dataset, _ indices: [Int]) -> [Picture] {
    var shape = Array(data.sampleShape)
    guard shape.count == 3, shape[0] == 1 || shape[0] == 3, !indices.isEmpty,
      var inputs = try? data.subset(indices).loaded().inputs
    else { return [] }
    let isByte = inputs.dtype == .uint8
    let longest = max(shape[1], shape[2])
    if longest > longestSide, isByte || inputs.dtype == .float32 {
      (shape[1], shape[2]) = (max(shape[1] * longestSide / longest, 1), max(shape[2] * longestSide / longest, 1))
      inputs = Pictures.resized(inputs, height: shape[1], width: shape[2])
    }
    let values = inputs.scalars(as: Double.self)
    let (lower, upper) = isByte ? (0, 255) : (values.min() ?? 0, values.max() ?? 1)
    let factor = upper > lower ? 1 / (upper - lower) : 0
    let size = shape[0] * shape[1] * shape[2]
    return indices.indices.map { number in
      Picture(
        width: shape[2], height: shape[1], channels: shape[0],
        values: values[number * size..<(number + 1) * size].map { ($0 - lower) * factor })
    }
  }
}
