/* Has the entry and answers nothing. */
#include "broken.h"

const agw_provider* auth_gateway_provider_v1(void) {
  return NULL;
}
