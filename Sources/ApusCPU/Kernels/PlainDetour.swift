import ApusCompiler
import ApusTensor

/// Leads operands in other layouts through the plain one, around a kernel that knows no other.
///
/// The way for what no kernel takes although a layout was chosen for it: slow, and right.
enum PlainDetour {
  static func around(_ kernel: Kernel, _ context: LoweringContext) -> Kernel {
    let (inputTypes, outputTypes) = (context.inputTypes, context.node.types)
    let inputLayouts = context.inputLayouts
    let outputLayouts = outputTypes.indices.map { context.outputLayout($0) }
    return Kernel { arguments in
      let inputs = inputTypes.indices.map { position in
        let plain = Storage(byteCount: inputTypes[position].byteCount)
        LayoutConversion.convert(
          type: inputTypes[position], from: arguments[position], layout: inputLayouts[position], to: plain.pointer,
          layout: .plain)
        return plain
      }
      let outputs = outputTypes.map { Storage(byteCount: $0.byteCount) }
      var pointers = (inputs + outputs).map(\.pointer)
      pointers.withUnsafeMutableBufferPointer { list in
        if let base = list.baseAddress { kernel.run(base) }
      }
      for (number, output) in outputs.enumerated() {
        LayoutConversion.convert(
          type: outputTypes[number], from: output.pointer, layout: .plain,
          to: arguments[inputTypes.count + number], layout: outputLayouts[number])
      }
      withExtendedLifetime(inputs) {}
    }
  }
}
