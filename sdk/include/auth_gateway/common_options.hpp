#pragma once

#include <string_view>

namespace auth_gateway {

/// JSON Schema of the options that `applyOptions` reads. A plugin with options of its own writes its own
/// schema and repeats of these what an entry may set.
inline constexpr std::string_view commonOptionsSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "authorization_url": {"type": "string", "format": "uri", "description": "Where the person is sent to consent"},
    "token_url": {"type": "string", "format": "uri", "description": "Where codes and refresh tokens are exchanged"},
    "revocation_url": {"type": "string", "format": "uri", "description": "RFC 7009"},
    "device_authorization_url": {"type": "string", "format": "uri", "description": "RFC 8628: consent on another device"},
    "userinfo_url": {"type": "string", "format": "uri", "description": "OpenID Connect userinfo: tells who consented"},
    "jwks_url": {"type": "string", "format": "uri", "description": "Published keys; with issuer, the id_token tells who consented"},
    "issuer": {
      "description": "What stands in iss; several spellings as a list, the first is stored",
      "type": ["string", "array"], "minLength": 1, "minItems": 1, "items": {"type": "string", "minLength": 1}
    },
    "issuer_in_callback": {"type": "boolean", "description": "The provider sends iss in every callback (RFC 9207)"},
    "authorization_params": {
      "type": "object", "description": "Further parameters of the authorization request",
      "additionalProperties": {"type": ["string", "integer", "boolean"]}
    },
    "token_params": {
      "type": "object", "description": "Further parameters of the token request",
      "additionalProperties": {"type": ["string", "integer", "boolean"]}
    },
    "client_auth": {"enum": ["post", "basic", "none"], "description": "How the client proves itself; default post"},
    "request_format": {"enum": ["form", "json"], "description": "Body of token requests; default form"},
    "pkce": {"enum": ["required", "optional", "unsupported"], "description": "default required: always sent"},
    "scope_separator": {"type": "string", "minLength": 1, "maxLength": 1, "description": "default: a space"},
    "access_ttl_default": {"type": "integer", "minimum": 1, "maximum": 315360000, "description": "Seconds, when answers do not say"},
    "error_words": {
      "type": "object", "additionalProperties": false,
      "description": "Further error words of this provider, by what they mean",
      "properties": {
        "dead": {"type": "array", "items": {"type": "string"}, "description": "at a refresh: consent again"},
        "denied": {"type": "array", "items": {"type": "string"}, "description": "the person said no"},
        "client": {"type": "array", "items": {"type": "string"}, "description": "client id, secret or redirect URI are wrong"},
        "option": {"type": "array", "items": {"type": "string"}, "description": "scopes or options are wrong"},
        "rate_limited": {"type": "array", "items": {"type": "string"}, "description": "wait"}
      }
    }
  }
})json";

}  // namespace auth_gateway
