import Apus

/// Trains a network of one's own on handwritten digits with a loop of one's own:
///
///     swift run -c release CustomLoop
///
/// Everything a training consists of is in sight: batches, the gradient, the update.
@main
struct CustomLoop {
  /// A convolution and two dense layers for pictures of 8x8.
  struct Network: Layer {
    let convolution = Conv2D(1, 8, kernel: 3, padding: 1)
    let hidden = Dense(8 * 4 * 4, 64, activation: .relu)
    let output = Dense(64, 10)

    func callAsFunction(_ x: Tensor) -> Tensor {  // [N, 1, 8, 8] -> [N, 10]
      output(hidden(relu(convolution(x)).maxPooled(2).flattened(from: 1)))
    }
  }

  static func main() throws {
    let digits = try Digits()
    let normalization = try Normalization(fitting: digits.train)
    let model = withRandomSeed(1) { Network() }
    let optimizer = Adam(learningRate: 3e-3)

    for epoch in 0..<10 {
      var total = 0.0
      for batch in digits.train.batches(of: 32, seed: 1, epoch: epoch, normalization: normalization) {
        let (loss, gradients) = valueWithGradient(of: model) {
          crossEntropy(model(Tensor(batch.inputs)), Tensor(batch.targets))
        }
        optimizer.update(model, along: gradients.clipped(globalNorm: 1))
        total += loss.item() * Double(batch.count)
      }
      print("epoch \(epoch + 1): loss \(Rounding.text(total / Double(digits.train.count), 4))")
    }

    let judged = try evaluate(model, on: digits.test, loss: { crossEntropy($0, $1) }, normalization: normalization)
    print(judged)
    print(judged.confusion?.description ?? "")
  }
}
