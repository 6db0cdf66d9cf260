#include "races/scheduler.hpp"

#include <mutex>
#include <utility>

namespace agw::test {
namespace {

thread_local Scheduler::Actor* running = nullptr;

}  // namespace

void Scheduler::end() {
  over_ = true;
  for (auto& actor : actors_) {
    while (!actor->ended) abandon(*actor);
    if (actor->thread.joinable()) actor->thread.join();
  }
}

Scheduler::Actor* Scheduler::current() {
  return running;
}

Scheduler::Actor& Scheduler::add(const std::string& name, int replica) {
  auto actor = std::make_unique<Actor>();
  actor->name = name;
  actor->replica = replica;
  actor->place = "start";
  actor->random.seed(seed_ * 31 + actors_.size());
  Actor& added = *actor;
  added.thread = std::thread([this, &added] {
    running = &added;
    added.go.acquire();
    try {
      if (!added.abandoned) added.body();
    } catch (const Abandoned&) {
      // The test is over.
    }
    added.ended = true;
    back_.release();
  });
  actors_.push_back(std::move(actor));
  return added;
}

std::vector<Scheduler::Actor*> Scheduler::waiting() const {
  std::vector<Actor*> waiting;
  for (const auto& actor : actors_) {
    if (!actor->ended) waiting.push_back(actor.get());
  }
  return waiting;
}

void Scheduler::resume(Actor& actor) {
  ++steps_;
  note(actor.name + " goes on at " + actor.place);
  actor.go.release();
  back_.acquire();
}

void Scheduler::abandon(Actor& actor) {
  actor.abandoned = true;
  resume(actor);
}

void Scheduler::step(const std::string& place) {
  Actor& actor = *running;
  actor.place = place;
  back_.release();
  actor.go.acquire();
  if (actor.abandoned) throw Abandoned{};
}

bool Scheduler::recover(Actor& actor) const {
  if (!over_) actor.abandoned = false;
  return !over_;
}

void Scheduler::note(const std::string& line) {
  trace_.push_back(line);
}

Result<std::string> ActorRandom::bytes(std::size_t count) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  auto* actor = Scheduler::current();
  auto& source = actor ? actor->random : others_;
  std::string octets(count, '\0');
  for (char& octet : octets) octet = static_cast<char>(source() & 255U);
  return octets;
}

}  // namespace agw::test
