#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <new>

#include "net/address_guard.hpp"
#include "net/answer_reader.hpp"
#include "net/http_client.hpp"
#include "net/request_headers.hpp"
#include "net/trust.hpp"
#include "net/url.hpp"

namespace agw {
namespace {

constexpr long kConnectionsPerHandle = 8;
constexpr long kIdleSeconds = 30;  // shorter than most servers': they should not close while we send
constexpr std::size_t kMostIdleHandles = 64;
constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;

/// Idle handles with their living connections. A handle belongs to one thread from `take` to `give`.
class HandlePool {
 public:
  Handle take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Handle last = std::move(idle_.back());
        idle_.pop_back();
        return last;
      }
    }
    Handle fresh(curl_easy_init());
    if (!fresh) throw std::bad_alloc();
    return fresh;
  }

  void give(Handle handle) {
    curl_easy_reset(handle.get());  // forgets the call, keeps the connections
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMostIdleHandles) idle_.push_back(std::move(handle));
  }

 private:
  std::mutex mutex_;
  std::vector<Handle> idle_;
};

/// What libcurl's callbacks know of one call.
struct Call {
  Call(const HttpRequest& request, const HttpClientSettings& settings)
      : answer(settings.maxHeaders, settings.maxBody),
        allowPrivate(request.allowPrivate),
        repeatable(request.method == "GET" || request.method == "HEAD") {}

  AnswerReader answer;
  const bool allowPrivate;
  const bool repeatable;
  bool refused = false;  // an address of the host is not permitted
  bool tried = false;    // another is
  bool begun = false;    // from here on octets of the request may reach the provider
};

// libcurl is C: no exception may pass through it.
template <class Work>
bool guarded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return false;
  }
}

std::size_t onHeader(char* text, std::size_t one, std::size_t count, void* call) {
  const std::size_t size = one * count;
  return guarded([&] { return static_cast<Call*>(call)->answer.header({text, size}); }) ? size : 0;
}

std::size_t onBody(char* text, std::size_t one, std::size_t count, void* call) {
  const std::size_t size = one * count;
  return guarded([&] { return static_cast<Call*>(call)->answer.body({text, size}); }) ? size : 0;
}

/// Called with the very address that is connected to next, so that no later answer of the DNS can change it.
curl_socket_t onOpenSocket(void* data, curlsocktype, curl_sockaddr* address) {
  auto& call = *static_cast<Call*>(data);
  const Reach reach = reachOf(&address->addr, address->addrlen);
  if (reach == Reach::Forbidden || (reach == Reach::Private && !call.allowPrivate)) {
    call.refused = true;
    return CURL_SOCKET_BAD;
  }
  call.tried = true;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// Called before each sending. libcurl sends again by itself when a kept connection dies without an answer;
/// what the provider did with the first copy is not known then, and a refresh token must not be spent twice.
int onPreRequest(void* data, char*, char*, int, int) {
  auto& call = *static_cast<Call*>(data);
  if (call.begun && !call.repeatable) return CURL_PREREQFUNC_ABORT;
  call.begun = true;
  return CURL_PREREQFUNC_OK;
}

/// Puts the one shared store into each connection: reading the system's certificates every time costs
/// milliseconds.
CURLcode onTls(CURL*, void* context, void* store) {
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
  return CURLE_OK;
}

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(HttpClientSettings settings)
      : settings_(std::move(settings)), trust_(loadTrust(settings_.caFile)) {}

  Result<HttpResponse> send(const HttpRequest& request) override;

 private:
  [[nodiscard]] Result<Url> allowedUrl(const HttpRequest& request) const;
  void prepare(CURL* handle, const HttpRequest& request, const Url& url, Call& call) const;
  static void prepareBody(CURL* handle, const HttpRequest& request);

  const HttpClientSettings settings_;
  const Result<TrustStore> trust_;
  // Apart, because a kept connection is not checked again: one to a private address stays with those who may.
  HandlePool public_;
  HandlePool private_;
};

Error badOption(std::string message) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(message)};
}

std::string_view reason(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "The provider's host name cannot be resolved.";
    case CURLE_COULDNT_CONNECT:
      return "The provider cannot be reached.";
    case CURLE_OPERATION_TIMEDOUT:
      return "The provider did not answer in time.";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "The provider's certificate is not trusted.";
    case CURLE_SSL_CONNECT_ERROR:
      return "No secure connection to the provider is possible.";
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
      return "The provider's answer was cut off.";
    case CURLE_FILESIZE_EXCEEDED:
      return "The provider's answer is too large.";
    default:
      return "The call to the provider failed.";
  }
}

Error failure(CURLcode code, const Call& call, const Url& url) {
  if (call.refused && !call.tried) {
    return badOption(
        call.allowPrivate
            ? "The provider's address is one that no provider may have (link-local, reserved, metadata)."
            : "The provider's address is private. If that is intended, set `allow_private: true`.");
  }
  const auto fault = call.answer.fault();
  return Error{.kind = ErrorKind::Transient,
               .message = fault.empty() ? std::string(reason(code))
                                        : "The provider's answer " + std::string(fault) + ".",
               .code = call.begun ? "" : "not_sent",
               .detail = url.host + ":" + std::to_string(url.port) + ": " + curl_easy_strerror(code)};
}

Result<Url> CurlClient::allowedUrl(const HttpRequest& request) const {
  auto url = parseUrl(request.url);
  if (url && url->scheme != "https" && !(settings_.allowPlainHttp && request.allowPrivate)) {
    return badOption("The address must begin with https://.");
  }
  return url;
}

void CurlClient::prepareBody(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!request.body.empty() || request.method != "GET") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.reveal().data());  // borrowed, not copied
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void CurlClient::prepare(CURL* handle, const HttpRequest& request, const Url& url, Call& call) const {
  curl_easy_setopt(handle, CURLOPT_URL, url.text.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, url.scheme.c_str());
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // also none from the environment
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_USERAGENT, settings_.userAgent.c_str());
  prepareBody(handle, request);

  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // else the deadline waits for a resolver that hangs
  const auto deadline = std::clamp(request.atMost, std::chrono::milliseconds(1), settings_.deadline);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.count()));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connectTimeout.count()));
  curl_easy_setopt(handle, CURLOPT_MAXCONNECTS, kConnectionsPerHandle);
  curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN, kIdleSeconds);

  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(handle, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, onTls);
  curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, trust_->get());

  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, onOpenSocket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &call);
  curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, onPreRequest);
  curl_easy_setopt(handle, CURLOPT_PREREQDATA, &call);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, onHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &call);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, onBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &call);
}

Result<HttpResponse> CurlClient::send(const HttpRequest& request) {
  if (!trust_) return trust_.error();
  const auto url = allowedUrl(request);
  if (!url) return url.error();
  if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end()) {
    return badOption("The request method is not one that the gateway sends.");
  }
  const auto headers = toHeaderList(request.headers);
  if (!headers) return headers.error();

  HandlePool& pool = request.allowPrivate ? private_ : public_;
  Handle handle = pool.take();
  Call call(request, settings_);
  prepare(handle.get(), request, *url, call);
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers->get());
  const CURLcode code = curl_easy_perform(handle.get());
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  pool.give(std::move(handle));

  if (code != CURLE_OK) return failure(code, call, *url);
  // A body that ends with the connection cannot be told from a cut one, not even over TLS: libcurl takes a
  // connection that ends without TLS's farewell for a complete one.
  const bool bodiless = request.method == "HEAD" || status == 204 || status == 304;
  if (!call.answer.framed() && !bodiless) {
    return Error{.kind = ErrorKind::Transient,
                 .message = "The provider's answer does not say where it ends."};
  }
  return call.answer.take(static_cast<int>(status));
}

}  // namespace

std::unique_ptr<HttpClient> makeHttpClient(HttpClientSettings settings) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) throw std::bad_alloc();
  // A provider that closes while we write over TLS must not end the process; in a program with threads
  // libcurl leaves this to its user.
  std::signal(SIGPIPE, SIG_IGN);
  return std::make_unique<CurlClient>(std::move(settings));
}

}  // namespace agw
