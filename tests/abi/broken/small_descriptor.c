/* Claims a descriptor that ends before its function. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(16, AGW_ABI_MAJOR, 0, "small_descriptor", "{}", enter)
