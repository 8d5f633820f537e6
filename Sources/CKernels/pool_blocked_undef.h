// SPDX-License-Identifier: Apache-2.0
//
// Clears the parameters of a pool_body.h inclusion by pool_blocked_body.h.
#undef FIRST_WINDOW
#undef S
#undef STEP
#undef E
#undef EU
#undef X
#undef XU
#undef SPLAT_E
#undef SPLAT_X
#undef PICK_E
#undef PICK_X
#undef NAME
