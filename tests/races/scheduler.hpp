#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"

namespace agw::test {

/// Runs actors, each on a thread of its own, so that exactly one of them runs at any time: an actor keeps the
/// processor from one `step` to the next, and whoever drives the scheduler chooses who goes on. The choices
/// come from one seeded source: the same seed runs the same interleaving.
///
/// Everything but `step`, `current` and the actors' bodies belongs to the driving thread.
class Scheduler {
 public:
  explicit Scheduler(std::uint64_t seed) : random_(seed), seed_(seed) {}
  ~Scheduler() { end(); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Thrown out of `step` in an actor that is abandoned: nothing that the actor does afterwards has an
  /// effect.
  struct Abandoned {};

  struct Actor {
    std::string name;
    int replica = 0;
    std::string profile;  ///< whose grant its current operation is about
    std::string place;    ///< where it stands
    bool ended = false;
    bool abandoned = false;   ///< its operation is being unwound
    bool disturbed = false;   ///< its current operation was made to fail by the test
    std::uint64_t begun = 0;  ///< `now()` when its current operation began
    std::mt19937_64 random;   ///< what the code under test draws from while this actor runs

   private:
    friend class Scheduler;
    std::function<void()> body;
    std::binary_semaphore go{0};
    std::thread thread;
  };

  /// The actor starts with its first `resume`; its body is set before that.
  Actor& add(const std::string& name, int replica);
  void setBody(Actor& actor, std::function<void()> body) { actor.body = std::move(body); }
  [[nodiscard]] const std::vector<std::unique_ptr<Actor>>& actors() const { return actors_; }
  [[nodiscard]] std::vector<Actor*> waiting() const;
  /// Lets the actor run to its next step or its end.
  void resume(Actor& actor);
  /// The actor's current operation ends where it stands, by `Abandoned`.
  void abandon(Actor& actor);

  /// Abandons whoever has not ended. To be called before what the actors use goes away.
  void end();

  // ---- in an actor
  /// The actor that runs on this thread; null on every other thread.
  [[nodiscard]] static Actor* current();
  /// Gives the processor away. Throws `Abandoned`.
  void step(const std::string& place);
  /// After `Abandoned` was caught: the actor goes on with something else. False when the run is over.
  [[nodiscard]] bool recover(Actor& actor) const;

  // ---- anywhere
  /// A number below `limit`.
  std::uint64_t draw(std::uint64_t limit) { return random_() % limit; }
  bool oneIn(std::uint64_t count) { return draw(count) == 0; }
  /// Counts the steps up.
  [[nodiscard]] std::uint64_t now() const { return steps_; }
  /// The latest steps, for people who look into a failure.
  void note(const std::string& line);
  [[nodiscard]] const std::vector<std::string>& trace() const { return trace_; }

 private:
  std::mt19937_64 random_;
  std::uint64_t seed_;
  std::uint64_t steps_ = 0;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::binary_semaphore back_{0};
  std::vector<std::string> trace_;
  bool over_ = false;
};

/// Random numbers of the actor that asks; a source of their own for all other threads, whose number of calls
/// depends on time.
class ActorRandom final : public Random {
 public:
  Result<std::string> bytes(std::size_t count) override;

 private:
  std::mt19937_64 others_{0};
};

}  // namespace agw::test
