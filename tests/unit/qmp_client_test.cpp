// Copyright The Guestlink Authors
// SPDX-License-Identifier: Apache-2.0
#include "attach/qmp_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "support/scripted_qmp.h"
#include "support/temporary_directory.h"

namespace guestlink::detail {
namespace {

using nlohmann::json;
using test::QmpPeer;
using test::ScriptedQmp;
using test::TemporaryDirectory;

// Short, so that silence is told soon; kBrief is for a server that says nothing at all, kSoon
// leaves a busy machine the time for what comes before.
constexpr QmpClient::Limits kBrief{.call = std::chrono::milliseconds(100)};
constexpr QmpClient::Limits kSoon{.call = std::chrono::milliseconds(1000)};

using Script = std::function<void(QmpPeer&)>;

// What a client says of a server that plays `script`, when it connects and asks for one thing.
std::string message_of(const Script& script, QmpClient::Limits limits) {
  const ScriptedQmp server(script);
  try {
    QmpClient client(server.path(), limits);
    (void)client.execute("query-status");
  } catch (const std::runtime_error& error) {
    const std::string message = error.what();
    const bool named = message.starts_with("QMP socket '" + server.path() + "' ");
    return named ? message : "(no socket named) " + message;
  }
  return "nothing was thrown";
}

void expect_message(const Script& script, const std::string& part,
                    QmpClient::Limits limits = QmpClient::Limits()) {
  const std::string message = message_of(script, limits);
  EXPECT_NE(message.find(part), std::string::npos) << message << "\n  lacks: " << part;
}

// Serves up to the first command behind the negotiation, and sends `bytes` for an answer.
Script answering(const std::string& bytes) {
  return [bytes](QmpPeer& peer) {
    peer.negotiate();
    (void)peer.receive();
    peer.send(bytes);
    peer.wait_for_end();
  };
}

TEST(QmpFramerTest, ObjectsAreCutWhateverStandsBetween) {
  QmpFramer framer;
  framer.add(" \r\n{\"a\": {\"b\": \"}\\\"{\"}}{\n    \"c\":\n 1\n}\r\n  {\"d\"");
  EXPECT_EQ(framer.next(), "{\"a\": {\"b\": \"}\\\"{\"}}");
  EXPECT_EQ(framer.next(), "{\n    \"c\":\n 1\n}");
  EXPECT_EQ(framer.next(), std::nullopt);
  framer.add(": \"\\\\\"}");
  EXPECT_EQ(framer.next(), "{\"d\": \"\\\\\"}");
  EXPECT_EQ(framer.next(), std::nullopt);
  framer.add("]");
  EXPECT_THROW((void)framer.next(), std::runtime_error);
}

TEST(QmpFramerTest, ObjectByteByByte) {
  const std::string object = "{\"a\":[{\"b\":\"\\\\\\\"}\"},{}]}";
  QmpFramer framer;
  for (std::size_t i = 0; i + 1 < object.size(); ++i) {
    framer.add(object.substr(i, 1));
    ASSERT_EQ(framer.next(), std::nullopt) << i;
  }
  framer.add("}");
  EXPECT_EQ(framer.next(), object);
}

TEST(QmpClientTest, AnswersErrorsAndEventsAreToldApart) {
  const ScriptedQmp server([](QmpPeer& peer) {
    peer.negotiate();
    const json command = peer.receive();
    peer.send("{\"event\": \"RESET\"}\r\n{\"event\": \"STOP\"}\r\n");
    peer.answer(command, {{"status", command["execute"]}});
    const json question = peer.receive();
    peer.refuse(question, "Property 'x.y' not found");
    peer.answer(peer.receive(), "text\r\n");
    peer.wait_for_end();
  });
  QmpClient client(server.path());
  EXPECT_EQ(client.execute("query-status")["status"], "query-status");
  EXPECT_EQ(client.property("/machine", "x"), std::nullopt);
  EXPECT_EQ(client.monitor("info mtree -f"), "text\r\n");
  ASSERT_EQ(client.events().size(), 2U);
  EXPECT_EQ(client.events()[0]["event"], "RESET");
  EXPECT_EQ(client.events()[1]["event"], "STOP");
  EXPECT_EQ(client.peer().pid, getpid());
}

TEST(QmpClientTest, RefusedCommandIsAnErrorOfItsOwn) {
  const ScriptedQmp server([](QmpPeer& peer) {
    peer.negotiate();
    peer.refuse(peer.receive(), "no such\x1B[2Jthing");
    peer.wait_for_end();
  });
  QmpClient client(server.path());
  try {
    (void)client.execute("frob");
    FAIL() << "nothing was thrown";
  } catch (const QmpCommandError& error) {
    EXPECT_STREQ(error.what(), "QEMU refused 'frob': no such?[2Jthing");
  }
}

TEST(QmpClientTest, MessageInPiecesIsPutTogether) {
  const ScriptedQmp server([](QmpPeer& peer) {
    peer.negotiate();
    const json command = peer.receive();
    const std::string text =
        json{{"return", std::string(3 << 20, 'x')}, {"id", command["id"]}}.dump();
    for (std::size_t at = 0; at < text.size(); at += 100001) peer.send(text.substr(at, 100001));
    peer.wait_for_end();
  });
  QmpClient client(server.path());
  EXPECT_EQ(client.execute("big").get<std::string>().size(), std::size_t{3} << 20);
}

TEST(QmpClientTest, NewestEventsAreKept) {
  const ScriptedQmp server([](QmpPeer& peer) {
    peer.negotiate();
    const json command = peer.receive();
    for (int i = 0; i < 300; ++i) peer.send(json{{"event", "E"}, {"number", i}}.dump());
    peer.answer(command, 1);
    peer.wait_for_end();
  });
  QmpClient client(server.path());
  EXPECT_EQ(client.execute("any"), 1);
  ASSERT_EQ(client.events().size(), QmpClient::kMostEvents);
  EXPECT_EQ(client.events().front()["number"], 300 - 256);
  EXPECT_EQ(client.events().back()["number"], 299);
}

TEST(QmpClientTest, WhatIsNotQmpIsRefused) {
  const auto says = [](const std::string& bytes) {
    return [bytes](QmpPeer& peer) {
      peer.send(bytes);
      peer.wait_for_end();
    };
  };
  expect_message(says("SSH-2.0-x\r\n"),
                 "does not speak QMP: expected a JSON object, got 'SSH-2.0-x");
  expect_message(says("[1]"), "does not speak QMP: expected a JSON object, got '[1]'");
  expect_message(says("{\"return\": {}}"),
                 "began with '{\"return\":{}}', expected QEMU's greeting");
  expect_message(answering("{\"return\" 1}\r\n"),
                 "does not speak QMP: expected JSON, got '{\"return\" 1}', which is none from byte "
                 "11 on");
  expect_message(answering("{\"return\": \"\xFF\"}\r\n"),
                 "does not speak QMP: expected JSON, got '{\"return\": \"?\"}', which is none");
  expect_message(answering("{\"return\": 1e999}\r\n"),
                 "does not speak QMP: a number is too large in '{\"return\": 1e999}'");
  expect_message(answering("{\"return\": 1, \"id\": 77}"),
                 "sent '{\"id\":77,\"return\":1}', expected the answer to 'query-status'");
  expect_message(answering("{\"return\": 1}"), "sent '{\"return\":1}', expected the answer");
  expect_message(answering("{\"id\": 2}"), "sent '{\"id\":2}', expected the answer");
  expect_message(answering("{}"), "sent '{}', expected the answer");
  expect_message(answering("{\"return\":" + std::string(100, '[') + std::string(100, ']') + "}"),
                 "does not speak QMP: a message is nested too deep");
  expect_message(answering("{\"return\": \"" + std::string(5 << 20, 'x')),
                 "does not speak QMP: a message is longer than 4194304 bytes");
}

TEST(QmpClientTest, ErrorWithoutIdIsTheAnswer) {
  expect_message(answering("{\"error\": {\"class\": \"GenericError\", \"desc\": \"bad\"}}"),
                 "QEMU refused 'query-status': bad");
  expect_message(answering("{\"error\": 5, \"id\": 2}"), "QEMU refused 'query-status': ");
}

TEST(QmpClientTest, SilenceEndsAtTheLimit) {
  expect_message([](QmpPeer& peer) { peer.wait_for_end(); },
                 "expected its greeting; QEMU serves one client of a QMP socket at a time", kBrief);
  expect_message(answering(""), "sent too little within the time allowed; expected the answer to",
                 kSoon);
  expect_message(answering("{\"return\": {"), "sent too little within the time allowed", kSoon);
}

TEST(QmpClientTest, ServerOfEventsOnlyEndsAtTheLimit) {
  const auto script = [](QmpPeer& peer) {
    peer.negotiate();
    (void)peer.receive();
    while (peer.send("{\"event\": \"E\"}")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  };
  expect_message(script, "expected the answer to 'query-status'", kSoon);
}

TEST(QmpClientTest, LimitOfAllCallsEndsThemToo) {
  const QmpClient::Limits limits{.total = std::chrono::milliseconds(100)};
  expect_message([](QmpPeer& peer) { peer.wait_for_end(); }, "within the time allowed", limits);
}

TEST(QmpClientTest, EndOfTheConnectionIsToldWithTheLastEvent) {
  expect_message([](QmpPeer&) {}, "was closed; has QEMU ended? Expected its greeting");
  expect_message(
      [](QmpPeer& peer) {
        peer.negotiate();
        (void)peer.receive();
        peer.send("{\"event\": \"SHUTDOWN\"}");
      },
      "was closed (last event: SHUTDOWN); has QEMU ended? Expected the answer to 'query-status'");
  expect_message(
      [](QmpPeer& peer) {
        peer.negotiate();
        (void)peer.receive();
        peer.send("{\"return\": ");
      },
      "was closed; has QEMU ended?");
}

TEST(QmpClientTest, SocketThatCannotBeConnectedToIsToldWithWhatToDo) {
  const auto expect = [](const std::string& path, const std::string& part) {
    try {
      QmpClient client(path);
      ADD_FAILURE() << "connected to " << path;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  const TemporaryDirectory directory;
  expect("", "has a path of 0 bytes, expected 1 to 107");
  expect(std::string(108, 'x'), "has a path of 108 bytes, expected 1 to 107");
  expect(directory.file("absent"), "does not exist; start QEMU with -qmp unix:");
  expect(directory.file("plain", "text"), "has nobody who listens");
  expect(directory.file("plain") + "/x", "cannot be connected to: Not a directory");
}

TEST(QmpClientTest, SocketThatServesAnotherClientIsToldSo) {
  const ScriptedQmp server([](QmpPeer& peer) {
    peer.negotiate();
    peer.wait_for_end();
  });
  const QmpClient first(server.path());
  // The kernel lets some wait for QEMU and then, what has given up counting too, no more.
  for (const char* part : {"at a time", "at a time", "takes no client: others wait for QEMU"}) {
    try {
      const QmpClient client(server.path(), kBrief);
      ADD_FAILURE() << "connected";
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace guestlink::detail
