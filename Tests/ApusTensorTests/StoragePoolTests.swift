import Testing

@testable import ApusTensor

/// Large blocks come back for requests of their size, and none is kept for good.
@Suite struct StoragePoolTests {
  private let size = StoragePool.leastBytes + 640

  @Test func aBlockIsTakenOnceByARequestOfItsSize() {
    let pool = StoragePool()
    #expect(pool.take(size) == nil)
    let block = Storage.allocate(size)
    pool.giveBack(block, size)
    #expect(pool.keptBytes == size)
    #expect(pool.take(size) == block)
    #expect(pool.keptBytes == 0)
    #expect(pool.take(size) == nil)
    pool.giveBack(block, size)
  }

  @Test func aRequestThatFindsNothingEmptiesThePool() {
    let pool = StoragePool()
    pool.giveBack(Storage.allocate(size), size)
    pool.giveBack(Storage.allocate(size + 64), size + 64)
    #expect(pool.keptBytes == 2 * size + 64)
    #expect(pool.take(size + 128) == nil)
    #expect(pool.keptBytes == 0)
  }

  @Test func smallBlocksAndTooManyAreFreed() {
    let pool = StoragePool(mostBytes: 2 * size)
    pool.giveBack(Storage.allocate(4096), 4096)
    #expect(pool.keptBytes == 0)
    // A small request says nothing about what large ones will come.
    pool.giveBack(Storage.allocate(size), size)
    #expect(pool.take(4096) == nil)
    #expect(pool.keptBytes == size)
    pool.giveBack(Storage.allocate(size), size)
    pool.giveBack(Storage.allocate(size), size)
    #expect(pool.keptBytes == 2 * size)
  }
}
