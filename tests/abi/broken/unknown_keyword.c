/* Its options schema has a rule that nobody would enforce. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "unknown_keyword", "{\"patternProperties\":{}}",
                  enter)
