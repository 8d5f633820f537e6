import Testing
import CKernels
@Test func links() { #expect(1 + 1 == 2) }
