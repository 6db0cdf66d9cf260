/* The contract between the Auth Gateway and a provider plugin. Plain C11; also C++.
 *
 * Rules, all of them:
 *  1. A pointer is lent until the call returns; `put` takes a copy. Neither side frees the other's memory.
 *  2. Text is UTF-8 with a length and need not end in NUL. An absent value is AGW_ABSENT, not an empty text.
 *  3. All contact with the world goes through the host: no sockets, files, clocks, threads or changing
 *     globals in a plugin. It puts a request together, calls `send`, reads the answer; TLS, deadlines,
 *     redaction and secrets are the host's.
 *  4. Control crosses the border by return only: never by an exception, never by longjmp.
 *  5. `call` may run on several threads at once, each with an agw_call of its own.
 *  6. Structs start with their size and grow at their end. Numbers are never reused. An unknown slot or
 *     record is answered AGW_UNSUPPORTED; an operation that a plugin lacks, too.
 *  7. A plugin exports one symbol, AGW_ENTRY_SYMBOL, and nothing else.
 */
#ifndef AUTH_GATEWAY_ABI_H
#define AUTH_GATEWAY_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AGW_ABI_MAJOR 1u
#define AGW_ABI_MINOR 1u
#define AGW_ENTRY_SYMBOL "auth_gateway_provider_v1"

typedef struct agw_text {
  const char* data;
  size_t size;
} agw_text;

/* Outcome of an operation: who must act. AGW_GRANT_DEAD ends a grant: return it for listed words alone. */
enum {
  AGW_OK = 0,
  AGW_ABSENT = 1,       /* `get`: there is no such value. Not a failure. */
  AGW_UNSUPPORTED = 2,  /* this plugin or host does not know that number */
  AGW_BAD_OPTION = 3,   /* operator: an option is wrong; the hint names it */
  AGW_BAD_CLIENT = 4,   /* operator: the provider refuses client id, secret or redirect URI */
  AGW_DENIED = 5,       /* person: said no */
  AGW_GRANT_DEAD = 6,   /* person: must consent again */
  AGW_RATE_LIMITED = 7, /* wait: AGW_ERROR "retry_after", else the host reads Retry-After itself */
  AGW_TRANSIENT = 8,    /* wait; also for every word that the plugin does not know */
  AGW_MALFORMED = 9,    /* provider: the answer is not what its protocol allows */
  AGW_BUG = 10,         /* plugin */
  AGW_PENDING = 11      /* AGW_DEVICE_TOKEN: no decision yet. AGW_ERROR "code" "slow_down": ask less often */
};

/* Operations. After each: what AGW_OK promises. */
enum {
  AGW_AUTHORIZE = 1, /* AGW_RESULT "url" is put. No send. */
  AGW_EXCHANGE = 2,  /* one AGW_TOKEN or more emitted */
  AGW_REFRESH = 3,   /* one AGW_TOKEN or more emitted; no refresh_token in it: the old one stays */
  AGW_REVOKE = 4,    /* the provider knows the token no more */
  AGW_IDENTIFY = 5,  /* one AGW_IDENTITY emitted */
  /* An AGW_INSTALLATION for each organisation that the consent covers. One that the redirect names is a
     claim: emit it only after the person's own token showed it. */
  AGW_INSTALLATIONS = 6,
  AGW_INSTALLATION_TOKEN = 7, /* one AGW_TOKEN of the organisation, made with the client's own credentials */
  /* The redirect of an installation, from AGW_PARAMETER to AGW_RESULT "code" or "error" (RFC 6749
     section 4.1.2). "url" instead: the person must go there next; what AGW_PARAMETER reads now stays readable
     afterwards. */
  AGW_CALLBACK = 8,
  /* An inbound request, verified before anything else is believed: AGW_EVENTs and at most one AGW_REPLY
     emitted. AGW_DENIED: signature or time is wrong. No send. AGW_VERIFY and AGW_ID_TOKEN work here on the
     body, a Security Event Token (RFC 8417): it needs "events" and may lack "exp" and "sub". */
  AGW_WEBHOOK = 9,
  AGW_DEVICE = 10, /* RFC 8628 section 3.1: one AGW_DEVICE_GRANT emitted */
  /* Facts that depend on options, as AGW_RESULT: "issuer" (repeatable), "issuer_required" ("true"),
     "access_ttl_default" (seconds), "capabilities" (decimal); "refresh_grace" (seconds that a spent refresh
     token is still taken), "refresh_idle_ttl" (seconds after which an unused one ends), "renew_before"
     (seconds before its end that an access token is renewed, if the usual margin is smaller),
     "refresh_per_account" ("true": one refresh at a time for all grants of an account). With AGW_INPUT
     "scopes": AGW_RESULT "scopes" as answers spell them. No send. */
  AGW_DESCRIBE = 11,
  /* One poll, RFC 8628 section 3.4: as AGW_EXCHANGE, or AGW_PENDING. AGW_DENIED: the person refused, or, with
     AGW_ERROR "code" "expired_token", the code's time is over. */
  AGW_DEVICE_TOKEN = 12
};

/* What `get` reads. Names are in quotes; in brackets, the operations that have them. JSON pointers (RFC 6901)
   yield a string as it is and anything else as JSON text. */
enum {
  /* "redirect_uri" "scopes" (space-separated) [all]; "state" "nonce" "code_challenge" "login_hint" [1];
     "code" "code_verifier" [2]; "refresh_token" "access_token" [3 4 5 6]; "id_token" [5 6];
     "purpose" ("installation", else absent) [1 2 3 4 8]; "kind" as in AGW_TOKEN [3 4 6]; "org_id" [1 4 7];
     "installation_id" [4 7]; "repositories" (space-separated) "permissions" (JSON object) [7];
     "state" [8]; "method" "public_url" (of this webhook) [9]; "device_code" [12]; "challenge" (AGW_ERROR's,
     of the grant that this consent replaces) [1] */
  AGW_INPUT = 1,
  AGW_CLIENT = 2,      /* "id", "secret", "webhook_secret" */
  AGW_OPTION = 3,      /* JSON pointer into the entry's options */
  AGW_OPTION_KEYS = 4, /* JSON pointer to an object: its keys, one a line */
  AGW_STATUS = 5,      /* of the answer to the last `send`, decimal; name is empty */
  AGW_HEADER = 6,      /* header of the answer, by name without case */
  AGW_JSON = 7,        /* JSON pointer into the answer; AGW_ABSENT also for null and when it is not JSON */
  AGW_FORM = 8,        /* field of a form-encoded answer */
  AGW_CARRY = 9,       /* what AGW_RESULT "carry" of the latest AGW_TOKEN said */
  AGW_NOW = 10,        /* seconds since 1970; name is empty */
  /* JSON pointer into the claims of AGW_INPUT "id_token", which the host first verifies by AGW_VERIFY.
     AGW_ABSENT: no such claim. Fails as the verification failed. */
  AGW_ID_TOKEN = 11,
  AGW_HMAC_SHA256 = 12,    /* name: message; key: AGW_SIGN "key"; lower-case hex */
  AGW_PARAMETER = 13,      /* query parameter of the redirect [6 8] or webhook [9], by name */
  AGW_INBOUND_HEADER = 14, /* of the webhook's request, by name without case */
  AGW_INBOUND_BODY = 15,   /* of the webhook's request, octet by octet; name is empty */
  AGW_INBOUND_FORM = 16,   /* field of a form-encoded webhook body */
  AGW_DOCUMENT = 17,       /* JSON pointer into the webhook's body, or into the text last put by AGW_PARSE */
  AGW_SIGNED_JWT =
      18, /* name: claims as a JSON object; RS256 with the entry's private key, which the host holds */
  AGW_ANSWER_TIME = 19 /* the answer's Date in seconds since 1970; name is empty */
};

/* What `put` writes. The first seven make the next request; `send` starts a new one afterwards. */
enum {
  AGW_METHOD = 1, /* default: POST with a form or body, else GET */
  AGW_URL = 2,
  AGW_REQUEST_HEADER = 3,
  AGW_QUERY = 4,      /* appended to the URL, percent-encoded by the host */
  AGW_FORM_FIELD = 5, /* application/x-www-form-urlencoded body */
  AGW_BODY = 6,       /* name: content type */
  AGW_BASIC = 7,      /* name: user, value: password; both form-encoded first, RFC 6749 section 2.3.1 */
  AGW_RESULT = 8,     /* field of the next record, or of the operation */
  /* "code": the provider's word; "hint": for the one who must act; "retry_after": seconds, else the host
     reads the answer's Retry-After; "challenge" with AGW_GRANT_DEAD: what the next consent must answer, up to
     4 KB, no secret. The last of a name counts. */
  AGW_ERROR = 9,
  AGW_VERIFY = 10, /* "issuer" (repeatable), "jwks_url": how the host verifies an id_token */
  AGW_SIGN = 11,   /* "key" for AGW_HMAC_SHA256 */
  AGW_PARSE = 12   /* JSON text that AGW_DOCUMENT reads from now on; name is empty */
};

/* Records for `emit`, made of the AGW_RESULT fields put since the last one. */
enum {
  /* "access_token" "refresh_token" "id_token" "token_type" "expires_in" "refresh_expires_in" (seconds)
     "scopes" (space-separated) "carry" "kind" (where there are several: "user", "bot" ...; the first serves
     who names none) */
  AGW_TOKEN = 1,
  AGW_IDENTITY = 2, /* "issuer" "subject" "email" "email_verified" ("true") */
  /* "org_id" "org_name" "installation_id" "scopes" "permissions" "metadata" (JSON objects) "suspended"
     ("true") "minted" ("true": its tokens come from AGW_INSTALLATION_TOKEN, not from the consent) */
  AGW_INSTALLATION = 3,
  /* "event": "uninstalled" "suspended" "unsuspended" "permissions_changed" "tokens_revoked" (of "kind", or
     all) "consent_ended" (all of "subject"); whom it is about: "org_id" "installation_id" "subject";
     "permissions"; "at": when it happened, in seconds since 1970: what was consented to later stays;
     "delivery": the provider's id of it, taken once; absent: the body is taken once */
  AGW_EVENT = 4,
  AGW_REPLY = 5, /* "status" "content_type" "body" */
  /* "device_code" "user_code" "verification_uri" "verification_uri_complete" "expires_in" "interval"
     (seconds) */
  AGW_DEVICE_GRANT = 6
};

/* Capability bits. */
#define AGW_CAN_PKCE (UINT64_C(1) << 0)
#define AGW_NEEDS_PKCE (UINT64_C(1) << 1)
#define AGW_CAN_REFRESH (UINT64_C(1) << 2)
#define AGW_CAN_REVOKE (UINT64_C(1) << 3)
#define AGW_CAN_IDENTIFY (UINT64_C(1) << 4)
#define AGW_VERIFIES_EMAIL (UINT64_C(1) << 5)
#define AGW_CAN_INSTALL (UINT64_C(1) << 6)
#define AGW_CAN_DEVICE (UINT64_C(1) << 7)
#define AGW_CAN_WEBHOOK (UINT64_C(1) << 8)
/* A revocation ends every grant of that account for this client. */
#define AGW_REVOKES_ACCOUNT (UINT64_C(1) << 9)
#define AGW_CAN_MINT (UINT64_C(1) << 10) /* AGW_INSTALLATION_TOKEN */

typedef struct agw_call {
  uint32_t struct_size;
  uint32_t operation;
  void* host; /* first argument of the functions */
  /* The value lives as long as the call. */
  int32_t (*get)(void* host, uint32_t slot, agw_text name, agw_text* value);
  int32_t (*put)(void* host, uint32_t slot, agw_text name, agw_text value);
  int32_t (*send)(void* host); /* AGW_OK: an answer of any status is there. Else return what it returned. */
  int32_t (*emit)(void* host, uint32_t record);
} agw_call;

typedef struct agw_provider {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint64_t capabilities;
  agw_text id; /* [a-z0-9_-]+ */
  agw_text version;
  agw_text display_name;
  agw_text options_schema; /* JSON Schema of the entry's options */
  int32_t (*call)(const agw_call*);
} agw_provider;

/* The entry. The descriptor is constant and lives as long as the process. */
typedef const agw_provider* (*agw_entry)(void);

#ifdef __cplusplus
}
#endif
#endif
