/* Has no function to call. */
#include "broken.h"

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "no_call", "{}", NULL)
