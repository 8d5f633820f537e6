#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A block of memory that holds a tensor's elements, 64-byte aligned.
///
/// `@unchecked Sendable`: the bytes are written once, by whoever allocates the storage (a reader of files, or a plan's
/// replay), before the storage becomes reachable from a tensor; afterwards they are only read. Changing the layout
/// in place of the same elements is done under the executor's lock.
public final class Storage: @unchecked Sendable {
  /// The first byte.
  public let pointer: UnsafeMutableRawPointer
  /// Usable bytes.
  public let byteCount: Int
  /// Whether the storage's own allocation holds the bytes, so that a plan may write over them once nobody needs them.
  package let isOwned: Bool
  private let release: @Sendable (UnsafeMutableRawPointer) -> Void

  /// Uninitialised memory of at least `byteCount` bytes.
  public init(byteCount: Int) {
    // A whole number of cache lines, at least one, so that vector kernels may read a full register at the end.
    let size = (max(byteCount, 1) + 127) / 64 * 64
    pointer = StoragePool.shared.take(size) ?? Self.allocate(size)
    self.byteCount = byteCount
    isOwned = true
    release = { StoragePool.shared.giveBack($0, size) }
  }

  /// Memory full of zeros. Where there is much of it the system gives it page by page when it is first written, so memory
  /// that is overwritten later, such as an optimizer's first state, costs nothing here.
  package init(zeroedByteCount byteCount: Int) {
    let size = (max(byteCount, 1) + 127) / 64 * 64
    self.byteCount = byteCount
    isOwned = true
    if size >= StoragePool.leastBytes,
      let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), mapped != MAP_FAILED
    {
      pointer = mapped
      release = { munmap($0, size) }
    } else {
      pointer = Self.allocate(size)
      pointer.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      release = { free($0) }
    }
  }

  /// Memory owned by someone else, for example a mapped file; `release` is called once when it is no longer needed.
  public init(
    adopting pointer: UnsafeMutableRawPointer, byteCount: Int,
    release: @escaping @Sendable (UnsafeMutableRawPointer) -> Void
  ) {
    self.pointer = pointer
    self.byteCount = byteCount
    isOwned = false
    self.release = release
  }

  deinit { release(pointer) }

  static func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    var raw: UnsafeMutableRawPointer?
    let status = posix_memalign(&raw, 64, size)
    guard status == 0, let raw else {
      fatalError("out of memory: could not allocate \(size) bytes for a tensor; use a smaller batch or network")
    }
    return raw
  }
}

/// The elements of a tensor in host memory, in row-major order: what readers of files make and writers take.
public struct HostArray: Sendable {
  /// Shape and element type.
  public let type: TensorType
  /// The bytes.
  public let storage: Storage

  /// Extents along the axes.
  public var shape: Shape { type.shape }
  /// Type of the elements.
  public var dtype: DType { type.dtype }

  /// An array over existing storage.
  ///
  /// - Precondition: the storage holds at least the bytes the type needs.
  public init(type: TensorType, storage: Storage) {
    precondition(storage.byteCount >= type.byteCount, "storage too small for \(type)")
    self.type = type
    self.storage = storage
  }

  /// An array whose bytes the closure fills in.
  public init(type: TensorType, initializing body: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let storage = Storage(byteCount: type.byteCount)
    try body(UnsafeMutableRawBufferPointer(start: storage.pointer, count: type.byteCount))
    self.init(type: type, storage: storage)
  }

  /// An array of equal elements.
  package init(repeating value: Double, type: TensorType) {
    guard value != 0 else {
      self.init(type: type, storage: Storage(zeroedByteCount: type.byteCount))
      return
    }
    self.init(type: type) { bytes in
      func fill<Scalar: TensorScalar>(_: Scalar.Type) {
        bytes.bindMemory(to: Scalar.self).initialize(repeating: Scalar(saturating: value))
      }
      switch type.dtype {
      case .float32: fill(Float.self)
      case .float64: fill(Double.self)
      case .int32: fill(Int32.self)
      case .int64: fill(Int64.self)
      case .uint8: fill(UInt8.self)
      case .bool: fill(Bool.self)
      }
    }
  }

  /// An array holding a copy of `scalars`.
  ///
  /// - Precondition: as many scalars as the shape has elements.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar], shape: Shape) {
    precondition(
      scalars.count == shape.elementCount, "\(scalars.count) values do not fill the shape \(shape)")
    self.init(type: TensorType(shape, Scalar.dtype)) { bytes in
      scalars.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
  }

  /// The elements in row-major order; converts when the element type differs.
  public func scalars<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> [Scalar] {
    let count = shape.elementCount
    if dtype == Scalar.dtype {
      return [Scalar](UnsafeBufferPointer(start: storage.pointer.assumingMemoryBound(to: Scalar.self), count: count))
    }
    func convert<Source: TensorScalar>(_: Source.Type) -> [Scalar] {
      let source = UnsafeBufferPointer(start: storage.pointer.assumingMemoryBound(to: Source.self), count: count)
      return source.map { Scalar(saturating: $0.asDouble) }
    }
    switch dtype {
    case .float32: return convert(Float.self)
    case .float64: return convert(Double.self)
    case .int32: return convert(Int32.self)
    case .int64: return convert(Int64.self)
    case .uint8: return convert(UInt8.self)
    case .bool: return convert(Bool.self)
    }
  }

  /// The bytes, valid during the call.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try body(UnsafeRawBufferPointer(start: storage.pointer, count: type.byteCount))
  }
}
