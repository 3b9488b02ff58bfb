#include "commands/commands.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"
#include "protocol/one_line.hpp"
#include "shell/command.hpp"
#include "shell/table.hpp"
#include "shell/tree.hpp"
#include "shell/words.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

/// What is told of nodes and actors.
namespace agentmon::shell {
namespace {

constexpr size_t reason_width = 60;

int no_such_node(const console& to, const std::string& name) {
  return to.complain({fault::not_found, "there is no node " + name + "; \"nodes\" lists all"});
}

std::string last_error(const json& actor) {
  const auto& error = field(actor, "last_error");
  if (!error.IsObject()) return {};
  return ago(error, "at") + " ago: " + one_line(text(error, "reason"), reason_width);
}

/// As much of a picture as the terminal can show at once.
std::string fitting(const std::string& picture) {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 2) return picture;
  size_t end = 0;
  for (int row = 1; row < size.ws_row; ++row) {
    end = picture.find('\n', end);
    if (end == picture.npos) return picture;
    ++end;
  }
  if (end == picture.size()) return picture;
  const auto cut = picture.rfind('\n', end - 2) + 1;
  return picture.substr(0, cut) + "… (the terminal is too small for all; \"tree NODE\" shows one)\n";
}

void tell_failures(std::string& out, const json& actor) {
  const auto failures = items(actor, "failures");
  if (failures.Empty()) out += "  it has not ended since its node was started\n";
  for (const auto& each : failures) out += "  " + moment(each, "at") + "  ended: " + text(each, "reason") + '\n';
  const auto& last = field(actor, "last_error");
  const bool is_news = failures.Empty() || text(last, "at") != text(*(failures.End() - 1), "at");
  if (last.IsObject() && is_news) out += "  " + moment(last, "at") + "  said: " + text(last, "reason") + '\n';
}

} // namespace

int show_nodes(console& to, const words&) {
  return show(to, all_nodes, [&](const json& system) {
    table out{{"NODE"}, {"STATE"}, {"ROLES"}, {"VERSION"}, {"UP FOR"}, {"CORES", true}, {"ADDRESS"}};
    for (const auto* node : nodes_of(system)) {
      const bool is_there = text(*node, "state") == "alive";
      out.add({text(*node, "name"), text(*node, "state"), joined(roles_of(*node)), text(*node, "version"),
               is_there ? ago(*node, "since") : std::string{}, is_there ? rate(*node, "load") : std::string{},
               text(*node, "address")});
    }
    to.print(out.text());
    return exit_ok;
  });
}

int show_tree(console& to, const words& given) {
  do {
    const int status = show(to, all_nodes, [&](const json& system) {
      const auto nodes = nodes_of(system, given.first());
      if (nodes.empty()) return no_such_node(to, given.first());
      std::string out;
      for (const auto* node : nodes) out += draw_tree(*node);
      to.print(given.watch && to.is_terminal ? "\x1b[H\x1b[2J" + fitting(out) : out);
      return exit_ok;
    });
    if (!given.watch || status != exit_ok) return status;
  } while (interrupt::pause(limits::shell_watch));
  return exit_ok;
}

int show_actors(console& to, const words& given) {
  return show(to, all_nodes, [&](const json& system) {
    const auto nodes = nodes_of(system, given.first());
    if (nodes.empty()) return no_such_node(to, given.first());
    table out{
        {"NODE"},           {"ACTOR"},          {"OF"},        {"STATE"}, {"FOR"}, {"MAILBOX", true}, {"MSG/S", true},
        {"MESSAGES", true}, {"RESTARTS", true}, {"LAST ERROR"}};
    for (const auto* node : nodes) {
      const auto actors = in_path_order(*node);
      for (const auto* a : actors)
        out.add({text(*node, "name"), text(*a, "name"), text(*a, "above"), text(*a, "state"), ago(*a, "since"),
                 count(*a, "mailbox"), rate(*a, "messages_per_second"), count(*a, "messages"), count(*a, "restarts"),
                 last_error(*a)});
      if (actors.empty()) out.add({text(*node, "name"), {}, {}, text(*node, "state"), {}, {}, {}, {}, {}, {}});
    }
    to.print(out.text());
    return exit_ok;
  });
}

int show_why(console& to, const words& given) {
  const auto wanted = place_of(given.first());
  return show(to, all_nodes, [&](const json& system) {
    std::string out;
    for (const auto* node : nodes_of(system, wanted.node)) {
      for (const auto* actor : in_path_order(*node)) {
        if (text(*actor, "name") != wanted.name) continue;
        out += text(*node, "name") + "/" + wanted.name + ": " + how_it_is(*actor) + '\n';
        tell_failures(out, *actor);
      }
    }
    if (out.empty())
      return to.complain({fault::not_found, "there is no actor " + given.first() + "; \"ps\" lists all"});
    to.print(out);
    return exit_ok;
  });
}

int show_lag(console& to, const words&) {
  return show(to, all_nodes, [&](const json& system) {
    table out{{"NODE"},          {"ACCEPTED/S", true},    {"IN FLIGHT", true},   {"JOURNAL EVENTS", true},
              {"JOURNAL", true}, {"NATS MESSAGES", true}, {"UNDELIVERED", true}, {"UNACKED", true},
              {"WRITING", true}, {"STORED/S", true}};
    for (const auto* node : nodes_of(system)) {
      const auto& lag = field(field(*node, "report"), "lag");
      const auto& bus = field(lag, "bus");
      out.add({text(*node, "name"), rate(lag, "accepted_per_second"), bytes(lag, "in_flight_bytes"),
               count(lag, "journal_events"), bytes(lag, "journal_bytes"), count(bus, "messages"),
               count(bus, "undelivered"), count(bus, "unacknowledged"), bytes(lag, "processing_bytes"),
               rate(lag, "stored_per_second")});
    }
    to.print(out.text());
    return exit_ok;
  });
}

} // namespace agentmon::shell
