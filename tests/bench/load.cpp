// bench_load: asks gateways for tokens, at a steady rate or as fast as answers come; prints one line of JSON.
//
// At a steady rate every request has a moment at which it is due, whatever became of those before it, and its
// time counts from that moment: a server that stands still for a second cannot hide it by keeping its clients
// from asking. `behind` is how much later than due the requests left, which is the generator's own part.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Moment = Clock::time_point;

struct Options {
  std::vector<int> ports;
  std::string keyFile;
  std::string provider = "sandbox";
  int first = 0;
  int users = 1;
  bool each = false;
  int connections = 100;
  double rate = 0;
  double seconds = 0;
  std::int64_t requests = 0;
};

/// SIGTERM: no more requests; what was seen so far is told.
volatile std::sig_atomic_t told = 0;

[[noreturn]] void fail(const std::string& why) {
  std::cerr << "bench_load: " << why << '\n';
  std::exit(1);
}

std::string_view between(std::string_view text, std::string_view begin, std::string_view end) {
  const auto at = text.find(begin);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + begin.size());
  return text.substr(0, text.find(end));
}

std::string paddedNumber(int number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%05d", number);
  return text.data();
}

/// What the answers were, and how long they took.
class Tally {
 public:
  void answered(Moment due, Moment sent, int status, std::string_view body, int user) {
    took_.push_back(micros(Clock::now() - due));
    behind_.push_back(micros(sent - due));
    const auto token = between(body, "\"access_token\":\"", "\"");
    if (status != 200) {
      failed(std::to_string(status) + " " + std::string(between(body, "\"error\":\"", "\"")));
    } else if (token.empty() || isAnothers(token, user)) {
      failed("200 without the user's own token");
    } else {
      ++good_;
      tokens_.emplace(token);
    }
  }
  void failed(const std::string& how) { ++failures_[how]; }

  void print(double seconds) {
    std::cout << "{\"good\":" << good_ << ",\"failures\":{";
    const char* comma = "";
    for (const auto& [how, times] : failures_) {
      std::cout << comma << '"' << how << "\":" << times;
      comma = ",";
    }
    std::cout << "},\"tokens\":" << tokens_.size() << ",\"seconds\":" << seconds;
    for (const auto& [name, share] :
         {std::pair{"p50_ms", 0.5}, {"p99_ms", 0.99}, {"p999_ms", 0.999}, {"max_ms", 1.0}})
      std::cout << ",\"" << name << "\":" << quantile(took_, share);
    std::cout << ",\"behind_p99_ms\":" << quantile(behind_, 0.99) << "}\n";
  }

 private:
  static std::int64_t micros(Clock::duration time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  }
  /// bench_seed writes the user's number into the token.
  static bool isAnothers(std::string_view token, int user) {
    return token.starts_with("bench-") && !token.starts_with("bench-" + paddedNumber(user) + "-");
  }
  static double quantile(std::vector<std::int64_t>& values, double share) {
    if (values.empty()) return 0;
    const auto place =
        std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place), values.end());
    return static_cast<double>(values[place]) / 1000;
  }

  std::int64_t good_ = 0;
  std::map<std::string, std::int64_t> failures_;
  std::unordered_set<std::string> tokens_;
  std::vector<std::int64_t> took_;
  std::vector<std::int64_t> behind_;
};

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)), random_(std::random_device()()) {
    std::ifstream file(options_.keyFile);
    if (!std::getline(file, key_)) fail("no key in " + options_.keyFile);
    epoll_ = epoll_create1(0);
    lines_.resize(static_cast<std::size_t>(options_.connections));
    for (std::size_t index = 0; index < lines_.size(); ++index) connectLine(index);
    if (options_.rate > 0) {
      timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
      watch(timer_, kTimer);
    }
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    for (const auto& line : lines_) ::close(line.descriptor);
    if (timer_ >= 0) ::close(timer_);
    ::close(epoll_);
  }

  void run() {
    begun_ = Clock::now();
    end_ = options_.seconds > 0 ? begun_ + std::chrono::duration_cast<Clock::duration>(
                                               std::chrono::duration<double>(options_.seconds))
                                : Moment::max();
    const Moment patience = end_ == Moment::max() ? end_ : end_ + std::chrono::seconds(30);
    if (options_.rate > 0) {
      setTimer();
    } else {
      for (std::size_t index = 0; index < lines_.size() && mayAsk(); ++index) ask(index, Clock::now());
    }
    while ((under_ > 0 || mayAsk()) && Clock::now() < patience) {
      std::array<epoll_event, 256> events{};
      const int count = epoll_wait(epoll_, events.data(), events.size(), 1000);
      for (int at = 0; at < count; ++at) {
        const auto what = events[static_cast<std::size_t>(at)].data.u64;
        what == kTimer ? askDue() : receive(what);
      }
    }
    for (std::int64_t lost = 0; lost < under_; ++lost) tally_.failed("no answer within 30 s");
    tally_.print(std::chrono::duration<double>(Clock::now() - begun_).count());
  }

 private:
  static constexpr std::uint64_t kTimer = ~std::uint64_t{0};

  struct Line {
    int descriptor = -1;
    bool busy = false;
    int user = 0;
    Moment due;
    Moment sent;
    std::string in;
  };

  void watch(int descriptor, std::uint64_t what) const {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.u64 = what;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void connectLine(std::size_t index) {
    Line& line = lines_[index];
    if (line.descriptor >= 0) ::close(line.descriptor);
    line.in.clear();
    line.descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options_.ports[index % options_.ports.size()]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(line.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      fail("cannot connect to port " + std::to_string(ntohs(address.sin_port)));
    const int on = 1;
    ::setsockopt(line.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(line.descriptor, index);
    if (options_.rate > 0) free_.push_back(index);
  }

  bool mayAsk() const {
    return told == 0 && (options_.requests == 0 || asked_ < options_.requests) && Clock::now() < end_;
  }

  Moment dueAt(std::int64_t number) const {
    return begun_ + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(static_cast<double>(number) / options_.rate));
  }

  void setTimer() const {
    const auto at = dueAt(asked_).time_since_epoch();
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(at);
    itimerspec when{};
    when.it_value.tv_sec = whole.count();
    when.it_value.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(at - whole).count();
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void askDue() {
    std::uint64_t ticks = 0;
    if (::read(timer_, &ticks, sizeof ticks) < 0) return;
    while (mayAsk() && dueAt(asked_) <= Clock::now()) {
      waiting_.push_back(dueAt(asked_));
      ++asked_;
      ++under_;
    }
    askWaiting();
    if (mayAsk()) setTimer();
  }

  void askWaiting() {
    while (!waiting_.empty() && !free_.empty()) {
      const auto index = free_.front();
      free_.pop_front();
      send(index, waiting_.front());
      waiting_.pop_front();
    }
  }

  /// As fast as answers come: the next one, due now.
  void ask(std::size_t index, Moment due) {
    ++asked_;
    ++under_;
    send(index, due);
  }

  int nextUser() {
    if (options_.each) return options_.first + next_++ % options_.users;
    return options_.first + std::uniform_int_distribution<int>(0, options_.users - 1)(random_);
  }

  void send(std::size_t index, Moment due) {
    Line& line = lines_[index];
    line.user = nextUser();
    const std::string body = R"({"provider":")" + options_.provider + R"(","user_email":"user)" +
                             paddedNumber(line.user) + R"(@example.com"})";
    const std::string request =
        "POST /auth/token HTTP/1.1\r\nHost: gateway\r\nX-API-Key: " + key_ +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
        body;
    line.due = due;
    line.sent = Clock::now();
    line.busy = true;
    const auto sent = ::send(line.descriptor, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) broken(index);
  }

  void receive(std::size_t index) {
    Line& line = lines_[index];
    std::array<char, 16384> buffer{};
    const auto got = ::recv(line.descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return broken(index);
    line.in.append(buffer.data(), static_cast<std::size_t>(got));
    const auto head = line.in.find("\r\n\r\n");
    if (head == std::string::npos) return;
    const std::string_view text(line.in);
    const auto length = std::strtoul(
        std::string(between(text.substr(0, head + 2), "Content-Length: ", "\r\n")).c_str(), nullptr, 10);
    if (text.size() < head + 4 + length) return;
    tally_.answered(line.due, line.sent, std::atoi(line.in.c_str() + 9), text.substr(head + 4), line.user);
    const bool closes = text.substr(0, head).find("\r\nConnection: close") != std::string_view::npos;
    line.in.clear();
    finished(index, closes);
  }

  void broken(std::size_t index) {
    if (!lines_[index].busy) return reconnect(index);  // the server ends what has been idle for long
    tally_.failed("connection ended without an answer");
    finished(index, true);
  }

  void finished(std::size_t index, bool closes) {
    lines_[index].busy = false;
    --under_;
    if (closes) {
      reconnect(index);
    } else if (options_.rate > 0) {
      free_.push_back(index);
    }
    if (options_.rate > 0) {
      askWaiting();
    } else if (mayAsk()) {
      ask(index, Clock::now());
    }
  }

  void reconnect(std::size_t index) {
    std::erase(free_, index);
    connectLine(index);
  }

  const Options options_;
  std::string key_;
  std::mt19937_64 random_;
  int epoll_ = -1;
  int timer_ = -1;
  std::vector<Line> lines_;
  std::deque<std::size_t> free_;  ///< at a steady rate: lines that nothing is under way on
  std::deque<Moment> waiting_;    ///< requests that are due and have no line yet
  std::int64_t asked_ = 0;
  std::int64_t under_ = 0;  ///< asked and not answered
  int next_ = 0;
  Moment begun_;
  Moment end_;
  Tally tally_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Asks gateways for tokens and tells how long the answers took."};
  app.add_option("--ports", options.ports, "on this machine; connections go to them in turn")
      ->required()
      ->delimiter(',');
  app.add_option("--key-file", options.keyFile, "holds the API key")->required();
  app.add_option("--provider", options.provider);
  app.add_option("--first", options.first, "number of the first user");
  app.add_option("--users", options.users)->check(CLI::PositiveNumber);
  app.add_flag("--each", options.each, "users one after the other, not at random");
  app.add_option("--connections", options.connections)->check(CLI::PositiveNumber);
  app.add_option("--rate", options.rate, "requests a second; without: as fast as answers come");
  app.add_option("--seconds", options.seconds);
  app.add_option("--requests", options.requests);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGTERM, [](int) { told = 1; });
  if (options.seconds <= 0 && options.requests <= 0) fail("say --seconds or --requests");
  Load(std::move(options)).run();
  return 0;
}
