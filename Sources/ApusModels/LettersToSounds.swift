import ApusNN
import ApusTensor

/// An encoder-decoder of two GRU layers that gives the sounds of an English word, as the PyPI package g2p-en publishes it
/// with weights.
///
/// A ``Translator`` without attention whose encoder reads in one direction. Shapes: numbers `[N, 2, T]` give logits
/// `[N, T, 74]`, see there; 834,890 parameters under the names of the published archive, `enc_emb`, `enc_w_ih`, ...,
/// `fc_b`. Letters and sounds are numbered as in ``letters`` and ``sounds``; a word ends with `</s>`, the decoder begins
/// with `<s>`, and sounds are those of the CMU dictionary, vowels with their stress.
///
/// ```swift
/// let model = LettersToSounds()
/// try model.load(from: "checkpoint20.npz")
/// ```
public struct LettersToSounds: Layer, CustomStringConvertible {
  /// The symbols of words, by number.
  public static let letters = ["<pad>", "<unk>", "</s>"] + "abcdefghijklmnopqrstuvwxyz".map(String.init)
  /// The symbols of pronunciations, by number.
  public static let sounds =
    ["<pad>", "<unk>", "<s>", "</s>"]
      + """
      AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 EH2 ER0 ER1 ER2 EY0 \
      EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH UH0 UH1 UH2 UW UW0 \
      UW1 UW2 V W Y Z ZH
      """.split(separator: " ").map(String.init)
  /// The number of the end of a word.
  public static let wordEnd: Int32 = 2
  /// The number that a pronunciation begins with.
  public static let start: Int32 = 2
  /// The number that a pronunciation ends with.
  public static let end: Int32 = 3

  /// Encoder and decoder.
  public let network: Translator
  private let units: Int
  private let embedding: Int

  /// A network of so many units and features of a symbol; the published one has 256 of both.
  public init(units: Int = 256, embedding: Int = 256) {
    network = Translator(
      sources: Self.letters.count, targets: Self.sounds.count, cell: .gru, units: units, embedding: embedding,
      attention: nil, bidirectional: false)
    (self.units, self.embedding) = (units, embedding)
  }

  /// The logits of the sounds, each after the given ones before it.
  public func callAsFunction(_ pairs: Tensor) -> Tensor { network(pairs) }

  /// The parameters, under the names of the published archive.
  public var namedParts: [(name: String, part: Any)]? {
    func recurrent(_ prefix: String, _ embedding: Embedding, _ layer: any SequenceLayer) -> [(name: String, part: Any)]
    {
      let names = ["emb", "w_ih", "w_hh", "b_ih", "b_hh"].map { "\(prefix)_\($0)" }
      return Array(zip(names, [embedding.weight] + layer.parameters.map(\.parameter)))
    }
    let output = network.output.parameters.map(\.parameter)
    return recurrent("enc", network.source, network.encoder) + recurrent("dec", network.target, network.decoder)
      + zip(["fc_w", "fc_b"], output)
  }

  /// The code that builds the network.
  public var description: String {
    units == 256 && embedding == 256 ? "LettersToSounds()" : "LettersToSounds(units: \(units), embedding: \(embedding))"
  }
}
