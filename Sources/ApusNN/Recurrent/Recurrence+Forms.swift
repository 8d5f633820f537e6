import ApusTensor

/// Plain recurrent layers, PyTorch's `nn.RNN`; see ``RNNCell`` and ``Recurrence``.
public typealias RNN = Recurrence<RNNCell>
/// Layers of long short-term memory, PyTorch's `nn.LSTM`; see ``LSTMCell`` and ``Recurrence``.
public typealias LSTM = Recurrence<LSTMCell>
/// Layers of gated recurrent units, PyTorch's `nn.GRU`; see ``GRUCell`` and ``Recurrence``.
public typealias GRU = Recurrence<GRUCell>

extension Recurrence where Cell == RNNCell {
  /// Plain recurrent layers from `inputs` to `units` features.
  public init(
    _ inputs: Int, _ units: Int, layers: Int = 1, activation: Activation = .tanh, bidirectional: Bool = false,
    dropout: Double = 0, bias: Bool = true, learnsInitialState: Bool = false, timeAxis: Int = 1,
    weightInitializer: Initializer? = nil, recurrentInitializer: Initializer? = nil, dtype: DType = .float32
  ) {
    self.init(
      layers: layers, bidirectional: bidirectional, dropout: dropout, learnsInitialState: learnsInitialState,
      timeAxis: timeAxis, dtype: dtype
    ) { below in
      RNNCell(
        below ?? inputs, units, activation: activation, bias: bias, weightInitializer: weightInitializer,
        recurrentInitializer: recurrentInitializer, dtype: dtype)
    }
  }
}

extension Recurrence where Cell == LSTMCell {
  /// Layers of long short-term memory from `inputs` to `units` features.
  public init(
    _ inputs: Int, _ units: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0, bias: Bool = true,
    learnsInitialState: Bool = false, timeAxis: Int = 1, weightInitializer: Initializer? = nil,
    recurrentInitializer: Initializer? = nil, dtype: DType = .float32
  ) {
    self.init(
      layers: layers, bidirectional: bidirectional, dropout: dropout, learnsInitialState: learnsInitialState,
      timeAxis: timeAxis, dtype: dtype
    ) { below in
      LSTMCell(
        below ?? inputs, units, bias: bias, weightInitializer: weightInitializer,
        recurrentInitializer: recurrentInitializer, dtype: dtype)
    }
  }
}

extension Recurrence where Cell == GRUCell {
  /// Layers of gated recurrent units from `inputs` to `units` features.
  public init(
    _ inputs: Int, _ units: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Double = 0, bias: Bool = true,
    learnsInitialState: Bool = false, timeAxis: Int = 1, weightInitializer: Initializer? = nil,
    recurrentInitializer: Initializer? = nil, dtype: DType = .float32
  ) {
    self.init(
      layers: layers, bidirectional: bidirectional, dropout: dropout, learnsInitialState: learnsInitialState,
      timeAxis: timeAxis, dtype: dtype
    ) { below in
      GRUCell(
        below ?? inputs, units, bias: bias, weightInitializer: weightInitializer,
        recurrentInitializer: recurrentInitializer, dtype: dtype)
    }
  }
}
