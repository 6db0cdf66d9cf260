#include "auth_gateway/abi.h"

/* The layout of version 1: what is behind these offsets may grow, what is before them may not move. */
_Static_assert(offsetof(agw_provider, struct_size) == 0, "size first");
_Static_assert(offsetof(agw_provider, abi_major) == 4, "then the version");
_Static_assert(offsetof(agw_provider, capabilities) == 8, "then the capabilities");
_Static_assert(offsetof(agw_provider, id) == 16, "then the texts");
_Static_assert(offsetof(agw_provider, call) == 80, "the function last");
_Static_assert(offsetof(agw_call, host) == 8, "size and operation first");
_Static_assert(offsetof(agw_call, emit) == 40, "emit last");
_Static_assert(AGW_BUG == 10 && AGW_DESCRIBE == 11 && AGW_HMAC_SHA256 == 12 && AGW_SIGN == 11 &&
                   AGW_REPLY == 5,
               "numbers are never reused");

int unused(void);
int unused(void) {
  return 0;
}
