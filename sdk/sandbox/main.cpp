#include <Poco/Exception.h>
#include <Poco/Net/NetSSL.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>

#include "server.hpp"

namespace {

void serve(const sandbox::ServerOptions& options, const sandbox::Client& client, const std::string& gateway,
           sigset_t& ends) {
  const std::filesystem::path folder = options.stateDir;
  if (!folder.empty()) std::filesystem::create_directories(folder);
  const auto keyIn = [&](const char* name) {
    return sandbox::loadOrMakeKey(folder.empty() ? folder : folder / name);
  };
  sandbox::Policy policy;
  if (!client.id.empty()) policy.clients.push_back(client);
  sandbox::Registry registry({.signer = sandbox::Signer(keyIn("signing.key")), .appKey = keyIn("app.pem")},
                             policy, gateway);
  const sandbox::Server server(options, registry);
  std::cout << "oauth-sandbox listening on " << server.httpUrl() << '\n';
  if (!server.httpsUrl().empty()) std::cout << "oauth-sandbox listening on " << server.httpsUrl() << '\n';
  std::cout << std::flush;
  int signal = 0;
  sigwait(&ends, &signal);
  registry.close();
}

int run(int argc, char** argv) {
  sandbox::ServerOptions options;
  CLI::App app("An OAuth 2.0 and OpenID Connect provider for development and tests. Never a real one.");
  app.add_option("--host", options.host, "Address to listen on")->capture_default_str();
  app.add_option("--port", options.port, "Port for HTTP; 0: any")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  auto* https = app.add_option("--https-port", options.httpsPort, "Port for HTTPS; 0: any. Needs --state-dir")
                    ->check(CLI::Range(0, 65535));
  auto* state = app.add_option(
      "--state-dir", options.stateDir,
      "Folder for the keys, the certificate (tls.crt) and the private key of the app (app.pem)");
  https->needs(state);
  app.add_option("--public-url", options.publicUrl,
                 "Where clients reach the HTTP port, without a slash at the end");
  sandbox::Client client;
  app.add_option("--client-id", client.id,
                 "A further registered client; its secret is read from SANDBOX_CLIENT_SECRET")
      ->envname("SANDBOX_CLIENT_ID");
  std::string gateway;
  app.add_option("--gateway", gateway,
                 "Address of the gateway, without a slash at the end: webhooks go to "
                 "/oauth/webhooks/sandbox-NAME there, "
                 "the browser to /oauth/callback/sandbox-NAME after an installation")
      ->check([](const std::string& url) {
        return url.rfind("http://", 0) == 0 ? std::string() : std::string("must begin with http://");
      });
  CLI11_PARSE(app, argc, argv);

  if (const char* secret = std::getenv("SANDBOX_CLIENT_SECRET")) client.secret = secret;

  // Before any thread begins, so that only sigwait takes them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  Poco::Net::initializeSSL();
  serve(options, client, gateway, ends);
  Poco::Net::uninitializeSSL();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Poco::Exception& error) {
    std::cerr << "oauth-sandbox: " << error.displayText() << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "oauth-sandbox: " << error.what() << '\n';
    return 1;
  }
}
