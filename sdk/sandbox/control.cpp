#include "control.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/IPAddress.h>

#include "json.hpp"
#include "json_fields.hpp"

namespace sandbox {
namespace {

/// A browser on this machine must not be a way in: not by a name that somebody else resolves to loopback.
bool namesLoopback(const std::string& host) {
  const auto bracket = host.find(']');
  const auto end = bracket == std::string::npos ? host.rfind(':') : bracket + 1;
  std::string name = host.substr(0, end);
  if (name.size() > 2 && name.front() == '[') name = name.substr(1, name.size() - 2);
  Poco::Net::IPAddress address;
  return name == "localhost" || (Poco::Net::IPAddress::tryParse(name, address) && address.isLoopback());
}

Poco::JSON::Object::Ptr bodyOf(const Request& request) {
  // Requires a content type that a page of another origin cannot send without asking first.
  if (request.contentType.rfind("application/json", 0) != 0)
    throw BadControl("Content-Type must be application/json");
  if (request.body.empty()) return new Poco::JSON::Object;
  try {
    Poco::JSON::Parser parser;
    const auto parsed = parser.parse(request.body);
    if (parsed.type() == typeid(Poco::JSON::Object::Ptr)) return parsed.extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    throw BadControl("the body is not JSON");
  }
  throw BadControl("the body must be an object");
}

Reply done(const std::string& name = {}, int value = 0) {
  Poco::JSON::Object json;
  json.set("ok", true);
  if (!name.empty()) json.set(name, value);
  return jsonReply(json);
}

Reply notFound() {
  return errorReply(404, "not_found", "The control API has no such address.");
}

Reply faultsOf(Provider& provider, const Request& request) {
  if (request.method == "GET") return jsonReply(provider.faults().toJson());
  if (request.method == "DELETE") {
    provider.faults().clear();
    return done();
  }
  if (request.method != "POST") return notFound();
  provider.faults().add(faultFromJson(*bodyOf(request)));
  return done();
}

Reply withdraw(Provider& provider, const Request& request) {
  const auto json = bodyOf(request);
  std::string account;
  JsonFields fields(*json);
  fields.read("account", account);
  fields.refuseOthers();
  return done("revoked", provider.ledger().withdraw(account));
}

Reply happen(Provider& provider, const Request& request) {
  const auto json = bodyOf(request);
  Event event;
  JsonFields fields(*json);
  fields.read("event", event.name);
  fields.read("account", event.account);
  fields.read("organisation", event.organisation);
  fields.refuseOthers();
  return jsonReply(provider.happen(event, request));
}

/// What a client of this provider needs to know, the app's private key with it.
Reply appOf(const Registry& registry, const Provider& provider) {
  const auto policy = provider.policy();
  const Client& client = policy->clients.front();
  return jsonReply(object({{"client_id", client.id},
                           {"client_secret", client.secret},
                           {"app_id", kAppId},
                           {"app_slug", kAppSlug},
                           {"webhook_secret", policy->webhookSecret},
                           {"private_key", rsaPem(registry.keys().appKey.get())}}));
}

Reply ofProvider(const Registry& registry, Provider& provider, const std::string& action,
                 const Request& request) {
  if (action == "faults") return faultsOf(provider, request);
  if (action == "ledger" && request.method == "GET") return jsonReply(provider.ledger().toJson());
  if (action == "counts" && request.method == "GET") return jsonReply(provider.ledger().counts());
  if (action == "deliveries" && request.method == "GET") return jsonReply(provider.outbox().toJson());
  if (action == "app" && request.method == "GET") return appOf(registry, provider);
  if (action == "events" && request.method == "POST") return happen(provider, request);
  if (action == "release" && request.method == "POST") {
    (void)bodyOf(request);
    return done("released", provider.faults().release());
  }
  if (action == "revoke" && request.method == "POST") return withdraw(provider, request);
  return notFound();
}

Reply policyOf(Registry& registry, const std::string& name, const Request& request) {
  if (request.method == "PUT") {
    return jsonReply(policyToJson(*registry.configure(name, *bodyOf(request))->policy()));
  }
  const auto provider = registry.find(name);
  if (request.method != "GET" || !provider) return notFound();
  return jsonReply(policyToJson(*provider->policy()));
}

Reply clockOf(Registry& registry, const Request& request) {
  if (request.method == "POST") {
    const auto json = bodyOf(request);
    int offset = 0;
    JsonFields fields(*json);
    fields.read("offset_seconds", offset);
    fields.refuseOthers();
    registry.clock().shift(offset);
  } else if (request.method != "GET") {
    return notFound();
  }
  Poco::JSON::Object json;
  json.set("offset_seconds", registry.clock().offset());
  json.set("now", registry.clock().now());
  return jsonReply(json);
}

Reply listOf(const Registry& registry) {
  Poco::JSON::Array names;
  for (const auto& name : registry.names()) names.add(name);
  Poco::JSON::Object json;
  json.set("providers", names);
  return jsonReply(json);
}

}  // namespace

Reply control(Registry& registry, const std::vector<std::string>& segments, const Request& request) {
  if (!request.fromLoopback || !namesLoopback(request.host)) {
    return errorReply(403, "forbidden", "The control API answers programs on its own machine only.");
  }
  try {
    const std::size_t depth = segments.size();
    if (depth == 1 && segments[0] == "clock") return clockOf(registry, request);
    if (depth == 1 && segments[0] == "reset" && request.method == "POST") {
      (void)bodyOf(request);
      registry.reset();
      return done();
    }
    if (depth == 0 || segments[0] != "providers") return notFound();
    if (depth == 1) return request.method == "GET" ? listOf(registry) : notFound();
    if (depth == 2) return policyOf(registry, segments[1], request);
    const auto provider = registry.find(segments[1]);
    return depth == 3 && provider ? ofProvider(registry, *provider, segments[2], request) : notFound();
  } catch (const BadControl& error) {
    return errorReply(400, "invalid_request", error.what());
  }
}

}  // namespace sandbox
