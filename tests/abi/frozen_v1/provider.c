/* A provider in C11 as somebody wrote it for the first version of the contract. Its header beside it is a
 * copy of that day: this file and that one never change, and every later gateway must load what they make.
 * Built against the header of today, too. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "auth_gateway/abi.h"

#define TEXT(literal) ((agw_text){(literal), sizeof(literal) - 1})

static const agw_text none = {NULL, 0};

typedef struct buffer {
  char data[4096];
  size_t size;
  int overflow;
} buffer;

static void append_octet(buffer* to, char octet) {
  if (to->size == sizeof to->data) {
    to->overflow = 1;
  } else {
    to->data[to->size++] = octet;
  }
}

static void append(buffer* to, agw_text text) {
  for (size_t i = 0; i < text.size; ++i) append_octet(to, text.data[i]);
}

static void append_encoded(buffer* to, agw_text text) {
  static const char hex[] = "0123456789ABCDEF";
  static const char plain[] = "-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (size_t i = 0; i < text.size; ++i) {
    if (text.data[i] != '\0' && strchr(plain, text.data[i]) != NULL) {
      append_octet(to, text.data[i]);
    } else {
      const unsigned octet = (unsigned char)text.data[i];
      append_octet(to, '%');
      append_octet(to, hex[octet >> 4]);
      append_octet(to, hex[octet & 15]);
    }
  }
}

static agw_text get(const agw_call* call, uint32_t slot, agw_text name) {
  agw_text value = none;
  return call->get(call->host, slot, name, &value) == AGW_OK ? value : none;
}

static int equal(agw_text left, agw_text right) {
  return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

static int32_t authorize(const agw_call* call) {
  static const struct {
    const char* before;
    uint32_t slot;
    agw_text name;
  } parts[] = {{"https://id.example.com/authorize?response_type=code&client_id=", AGW_CLIENT, {"id", 2}},
               {"&redirect_uri=", AGW_INPUT, {"redirect_uri", 12}},
               {"&scope=", AGW_INPUT, {"scopes", 6}},
               {"&state=", AGW_INPUT, {"state", 5}},
               {"&code_challenge_method=S256&code_challenge=", AGW_INPUT, {"code_challenge", 14}}};
  buffer url = {{0}, 0, 0};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
    append(&url, (agw_text){parts[i].before, strlen(parts[i].before)});
    append_encoded(&url, get(call, parts[i].slot, parts[i].name));
  }
  if (url.overflow) return AGW_BUG;
  return call->put(call->host, AGW_RESULT, TEXT("url"), (agw_text){url.data, url.size});
}

static int32_t judge(const agw_call* call) {
  const agw_text status = get(call, AGW_STATUS, none);
  const agw_text error = get(call, AGW_JSON, TEXT("/error"));
  if (equal(status, TEXT("429"))) return AGW_RATE_LIMITED;
  if (status.size != 3 || status.data[0] == '5') return AGW_TRANSIENT;
  if (call->operation == AGW_REFRESH && equal(error, TEXT("invalid_grant"))) return AGW_GRANT_DEAD;
  if (equal(error, TEXT("invalid_client"))) return AGW_BAD_CLIENT;
  if (status.data[0] == '2' && error.size == 0) return AGW_MALFORMED;
  return AGW_TRANSIENT;
}

static int32_t read_token(const agw_call* call) {
  static const agw_text names[][2] = {{{"/access_token", 13}, {"access_token", 12}},
                                      {{"/refresh_token", 14}, {"refresh_token", 13}},
                                      {{"/expires_in", 11}, {"expires_in", 10}},
                                      {{"/scope", 6}, {"scopes", 6}}};
  const agw_text token = get(call, AGW_JSON, names[0][0]);
  if (token.size == 0 || token.data[0] == '{' || get(call, AGW_JSON, TEXT("/error")).size != 0)
    return judge(call);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    const agw_text value = get(call, AGW_JSON, names[i][0]);
    if (value.size != 0) call->put(call->host, AGW_RESULT, names[i][1], value);
  }
  return call->emit(call->host, AGW_TOKEN);
}

static void form(const agw_call* call, agw_text name, agw_text value) {
  call->put(call->host, AGW_FORM_FIELD, name, value);
}

static int32_t request_token(const agw_call* call) {
  call->put(call->host, AGW_URL, none, TEXT("https://id.example.com/token"));
  if (call->operation == AGW_EXCHANGE) {
    form(call, TEXT("grant_type"), TEXT("authorization_code"));
    form(call, TEXT("code"), get(call, AGW_INPUT, TEXT("code")));
    form(call, TEXT("redirect_uri"), get(call, AGW_INPUT, TEXT("redirect_uri")));
    form(call, TEXT("code_verifier"), get(call, AGW_INPUT, TEXT("code_verifier")));
  } else {
    form(call, TEXT("grant_type"), TEXT("refresh_token"));
    form(call, TEXT("refresh_token"), get(call, AGW_INPUT, TEXT("refresh_token")));
  }
  call->put(call->host, AGW_BASIC, get(call, AGW_CLIENT, TEXT("id")), get(call, AGW_CLIENT, TEXT("secret")));
  const int32_t sent = call->send(call->host);
  return sent == AGW_OK ? read_token(call) : sent;
}

static int32_t enter(const agw_call* call) {
  switch (call->operation) {
    case AGW_AUTHORIZE:
      return authorize(call);
    case AGW_EXCHANGE:
    case AGW_REFRESH:
      return request_token(call);
    default:
      return AGW_UNSUPPORTED;
  }
}

#ifndef PROVIDER_ID
#define PROVIDER_ID "frozen_v1"
#endif

__attribute__((visibility("default"))) const agw_provider* auth_gateway_provider_v1(void);

const agw_provider* auth_gateway_provider_v1(void) {
  static const agw_provider provider = {sizeof(agw_provider),
                                        AGW_ABI_MAJOR,
                                        AGW_ABI_MINOR,
                                        AGW_CAN_PKCE | AGW_CAN_REFRESH,
                                        {PROVIDER_ID, sizeof PROVIDER_ID - 1},
                                        {"1.0.0", 5},
                                        {"Written in C", 12},
                                        {"{\"type\":\"object\"}", 17},
                                        enter};
  return &provider;
}
