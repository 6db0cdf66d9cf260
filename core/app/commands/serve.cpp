#include <condition_variable>
#include <mutex>
#include <ostream>

#include "app/commands/common.hpp"
#include "app/log.hpp"
#include "app/service.hpp"
#include "app/signals.hpp"
#include "app/wiring.hpp"

namespace agw {
namespace {

constexpr std::chrono::seconds kStopLimit{25};

/// A door that one thread opens once.
class Gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

const char* nameOf(DeploymentKind kind) {
  switch (kind) {
    case DeploymentKind::Development:
      return "development";
    case DeploymentKind::Staging:
      return "staging";
    case DeploymentKind::Production:
      return "production";
  }
  return "production";
}

int tellNotStarted(Log& log, const Error& error) {
  if (error.detail.empty()) {
    log.write(LogLevel::Error, "not_started", {{"reason", error.message}});
  } else {
    log.write(LogLevel::Error, "not_started", {{"reason", error.message}, {"detail", error.detail}});
  }
  return 1;
}

std::string addressOf(const Settings& settings, int port) {
  const bool v6 = settings.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + settings.host + "]" : settings.host;
  return (settings.tlsCertificateFile.empty() ? "http://" : "https://") + host + ":" + std::to_string(port);
}

}  // namespace

int serve(const CommandContext& context, const std::string& providersFile) {
  blockSignals();
  if (const std::string fault = libraryFault(); !fault.empty()) {
    return fail(context, {.kind = ErrorKind::BadOption, .message = fault});
  }
  auto settings = settingsFor(context, SettingsUse::Serve);
  if (!settings) {
    context.err << "auth-gateway: not started; docs/configuration.md explains every variable\n";
    return 1;
  }
  if (!providersFile.empty()) settings->providersFile = providersFile;
  const auto log = makeStreamLog(context.err, settings->logLevel, settings->logFormat, context.clock);
  auto service = Service::start(*settings, context.environment, context.clock, context.random, *log);
  if (!service) {
    return tellNotStarted(*log, service.error());
  }
  log->write(LogLevel::Info, "listening",
             {{"address", addressOf(*settings, (*service)->port())},
              {"public", settings->callbackBase},
              {"environment", nameOf(settings->deployment)},
              {"database", shownDatabase(*databaseSettings(*settings))},
              {"version", AGW_VERSION}});
  Gate stop;
  const SignalThread signals({.stop = [&] { stop.open(); }, .reload = [&] { (*service)->reload(); }});
  stop.wait();
  log->write(LogLevel::Info, "stopping", {});
  (*service)->stop(kStopLimit);
  service->reset();  // while a second signal can still end what does not
  log->write(LogLevel::Info, "stopped", {});
  return 0;
}

}  // namespace agw
