// Cost against the number of images in a batch and against their size: are there cliffs? Prints one JSON object a line and
// draws Benchmarks/pictures/cost-curves.svg. Run on a quiet machine:
//
//     swift run -c release CostCurves

import Apus

/// Median times of a training step and of inference.
struct Cost {
  var train: Double
  var infer: Double
}

/// Milliseconds of the middle one of several calls, after one that makes the plan.
func median(_ body: () -> Void) -> Double {
  body()
  var times: [Double] = []
  let begin = ContinuousClock.now
  while times.count < 5 || (times.count < 200 && ContinuousClock.now - begin < .seconds(0.6)) {
    let start = ContinuousClock.now
    body()
    let time = (ContinuousClock.now - start).components
    times.append(Double(time.attoseconds) / 1e15 + Double(time.seconds) * 1e3)
  }
  return times.sorted()[times.count / 2]
}

func cost(_ name: String, batch size: Int, image: [Int], classes: Int) throws -> Cost {
  let model = try withRandomSeed(1) {
    try ModelCatalog.make(.init(name: name, inputShape: image, classes: classes))
  }
  let inputs = withRandomSeed(2) { Tensor.randomNormal(Shape([size] + image)).hostArray() }
  let labels = (0..<size).map { Int32($0 % classes) }
  let batch = Batch(inputs: inputs, targets: HostArray(labels, shape: [size]))
  // So small a rate that many steps on one batch change no speed.
  let optimizer = SGD(learningRate: 1e-6, momentum: 0.9)
  func measured(_ model: some Layer) -> Cost {
    let train = median { _ = trainStep(model, optimizer, batch) { crossEntropy($0, $1) } }
    let x = Tensor(inputs)
    return Cost(train: train, infer: median { withInference { realize(model(x)) } })
  }
  let found = measured(model)
  print(
    "{\"model\": \"\(name)\", \"batch\": \(size), \"size\": \(image[1]), \"train_ms\": \(found.train), "
      + "\"infer_ms\": \(found.infer)}")
  return found
}

/// Two lines over the same places.
func panel(_ title: String, _ x: Axis, _ unit: String, _ places: [Double], _ costs: [Cost]) -> Panel {
  Panel(
    title, x: x, y: Axis(unit, from: 0),
    series: [
      .line("training step", x: places, y: costs.map(\.train)), .line("inference", x: places, y: costs.map(\.infer)),
    ])
}

var panels: [Panel] = []
let batches = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
for (name, image, classes) in [("lenet5", [1, 28, 28], 10), ("resnet18", [3, 224, 224], 1000)] {
  let costs = try batches.map { batch in
    let whole = try cost(name, batch: batch, image: image, classes: classes)
    return Cost(train: whole.train / Double(batch), infer: whole.infer / Double(batch))
  }
  panels.append(
    panel("\(name), \(image[1])x\(image[2])", Axis("images in a batch"), "ms an image", batches.map(Double.init), costs)
  )
}
let sizes = Array(stride(from: 64, through: 320, by: 32))
let costs = try sizes.map { size in
  let whole = try cost("resnet18", batch: 4, image: [3, size, size], classes: 1000)
  let megapixels = 4 * Double(size * size) / 1e6
  return Cost(train: whole.train / megapixels, infer: whole.infer / megapixels)
}
panels.append(
  panel("resnet18, batch 4", Axis("pixels along a side"), "ms a megapixel", sizes.map(Double.init), costs))
try Figure("Cost of a step", columns: 3, panels: panels).write(to: "Benchmarks/pictures/cost-curves.svg")
