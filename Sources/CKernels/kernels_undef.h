// SPDX-License-Identifier: Apache-2.0
//
// Clears the parameters of a *_body.h inclusion.
#undef T
#undef I
#undef MANTISSA_BITS
#undef LANES
#undef NAME
#undef FMOD
#undef APUS_SLEEF
