/* Ends a grant for a word that it does not know: provider-check must see that. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  if (call->operation != AGW_EXCHANGE && call->operation != AGW_REFRESH) return AGW_UNSUPPORTED;
  const agw_text url = {"https://id.example.com/token", 28};
  const agw_text none = {NULL, 0};
  call->put(call->host, AGW_URL, none, url);
  const int32_t sent = call->send(call->host);
  return sent == AGW_OK ? AGW_GRANT_DEAD : sent;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "kills_on_unknown", "{}", enter)
