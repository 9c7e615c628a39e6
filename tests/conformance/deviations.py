"""Where an engine leaves the protocol: the name of a test, and what it does instead.

A test named here must fail with that engine, so the lists are proven with every run. A name stands
for all cases of a test, of which the first is proof enough; `[case]` names a single one.
Versions: python-engineio 4.15, python-socketio 5.18, aiohttp 3.14.
"""

from __future__ import annotations

HANDSHAKE = {
    "test_a_bad_request_is_refused[no transport]": "takes it for polling",
    "test_a_bad_request_is_refused[empty transport]": "takes it for polling",
    "test_a_bad_request_is_refused[PUT]": "answers 405",
    "test_a_bad_request_is_refused[DELETE]": "answers 405",
    "test_a_websocket_with_a_bad_query_is_refused[EIO=4]": "takes it for polling",
    "test_a_refusal_says_why_in_the_reference_servers_words": "plain sentences without a code",
    "test_intervals_are_told_to_the_millisecond": "rounds the interval down to whole seconds",
    "test_jsonp_is_not_spoken": "speaks it, so any page can read what it polls",
    "test_a_transport_that_is_switched_off_is_unknown": "offers an upgrade to it all the same",
    "test_a_forwarded_host_makes_nobody_one_of_us": "believes the client who forwarded it",
}

POLLING = {
    "test_what_was_taken_is_answered_with_ok": "answers OK",
    "test_what_is_polled_is_never_taken_from_a_cache": "says nothing about caches",
    "test_only_its_size_bounds_a_payload": "loses all packets of a payload of more than 16",
    "test_many_events_of_one_turn_keep_their_order[polling]": "loses more than 16 packets",
    "test_many_events_keep_their_order[polling]": "sends more than python-engineio's client reads",
    "test_a_broken_payload_closes_the_session": "answers OK and goes on, or answers never",
    "test_binary_is_refused_and_closes_the_session": "binary is part of its protocol; not of ours",
    "test_a_payload_may_come_in_chunks": "reads nothing without a Content-Length",
    "test_a_larger_payload_is_refused": "answers never, as it waits for a poll",
    "test_two_polls_at_once_close_the_session": "splits what is sent between them",
    "test_two_posts_at_once_close_the_session": "takes both",
    "test_a_payload_that_was_cut_off_delivers_nothing": "delivers what was whole",
    "test_a_poll_that_the_client_gave_up_closes_the_session": "loses what that poll would get",
    "test_closing_by_the_client_ends_its_poll_and_the_session": "leaves the poll waiting",
    "test_a_client_that_leaves_is_let_go_at_once[polling]": "leaves the poll waiting",
    "test_a_client_comes_back_after_its_connection_was_cut[polling]": "leaves the poll waiting",
}

WEBSOCKET = {
    "test_a_frame_is_one_packet_and_never_a_payload": "ignores it and logs a traceback",
    "test_a_packet_of_no_known_type_closes_the_session": "ignores it, or leaves the socket open",
    "test_a_ping_of_the_client_closes_the_session": "ignores it",
    "test_the_largest_packet_is_taken": "refuses a packet of exactly the largest size",
    "test_a_close_packet_ends_the_websocket": "leaves it open",
    "test_nothing_behind_a_close_packet_is_taken": "leaves it open",
    "test_a_client_comes_back_after_the_server_closed_its_session": "closing waits for ever",
}

HEARTBEAT = {
    "test_a_silent_client_is_closed_after_interval_and_timeout[polling]": "leaves a poll waiting",
    "test_a_silent_clients_application_hears_why": "says the transport closed",
}

UPGRADE = {
    "test_a_second_websocket_during_an_upgrade_is_refused": "lets it probe too",
    "test_the_end_of_a_failed_probe_does_not_touch_the_next": "lets a third one probe too",
    "test_a_bad_probe_closes_only_its_websocket[abc]": "the session never gets a packet again",
    "test_a_bad_probe_closes_only_its_websocket[]": "the session never gets a packet again",
    "test_anything_but_the_upgrade_after_a_probe_closes_only_its_websocket[abc]":
        "the session never gets a packet again",
    "test_polls_go_on_when_the_client_gives_the_upgrade_up[False-False]":
        "the session never gets a packet again",
    "test_polls_go_on_when_the_client_gives_the_upgrade_up[True-False]":
        "the session never gets a packet again",
    "test_an_upgrade_that_is_never_finished_is_given_up": "waits for ever",
    "test_closing_the_session_during_an_upgrade_closes_both": "leaves the WebSocket open",
}  # fmt: skip

NAMESPACES = {
    "test_an_unknown_namespace_is_refused": "a string, where clients expect an object",
    "test_namespaces_are_served_or_refused": "a string, where clients expect an object",
    "test_whoever_does_not_begin_with_connect_is_closed": "ignores it",
    "test_who_was_refused_is_not_in": "ignores it",
    "test_who_left_is_not_in": "ignores it",
    "test_whoever_speaks_in_a_namespace_without_being_in_is_closed": "ignores it",
    "test_whoever_comes_into_a_namespace_twice_is_closed": "ignores or answers it",
    "test_nothing_is_left_of_a_client_that_went_while_it_was_let_in": "keeps it for ever",
}

PACKETS = {
    "test_a_malformed_packet_closes_the_connection": "ignores it or logs a traceback",
    "test_a_malformed_packet_closes_a_session_over_polls": "ignores it or logs a traceback",
    "test_a_reserved_name_closes_the_connection": "runs the handler of that name",
    "test_binary_events_are_refused": "waits for attachments; binary is no part of our protocol",
    "test_what_the_server_sends_is_json": "sends Infinity, on which JavaScript's parser fails",
}

RFC_6455 = {
    "test_an_improper_handshake_is_refused[a key with a space]": "accepts it",
    "test_an_improper_handshake_is_refused[two keys]": "accepts it",
    "test_an_improper_handshake_is_refused[an old version]": "accepts version 8",
    "test_an_improper_handshake_is_refused[no connection]": "answers 500",
    "test_an_improper_handshake_is_refused[another connection]": "answers 500",
    "test_an_improper_handshake_is_refused[a connection that only looks like it]": "answers 500",
    "test_two_lines_with_a_key_are_refused": "accepts the first",
    "test_another_version_is_told_which_is_spoken": "does not say which",
    "test_http_1_0_cannot_be_upgraded": "upgrades it",
    "test_a_head_must_come_in_time": "waits for ever",
    "test_a_server_that_shuts_down_waits_for_no_request": "waits for it",
    "test_a_violation_closes_with_the_code_that_says_it[not masked]": "reads unmasked frames",
    "test_a_control_frame_does_not_count_for_the_message_it_comes_in": "counts it",
    "test_a_close_code_that_nobody_may_send_is_a_violation[1006]": "accepts it",
    "test_a_close_code_that_nobody_may_send_is_a_violation[5000]": "accepts it",
    "test_a_close_code_that_nobody_may_send_is_a_violation[65535]": "accepts it",
    "test_a_client_that_does_not_answer_a_close_is_cut_off": "ignores the malformed packet before",
}

STOCK: dict[str, str] = {
    **HANDSHAKE, **POLLING, **WEBSOCKET, **HEARTBEAT, **UPGRADE, **NAMESPACES, **PACKETS,
    **RFC_6455,
}  # fmt: skip

LEAN: dict[str, str] = {
    "test_a_cookie_for_sticky_sessions_holds_the_session_id": "sets none: it needs no stickiness",
    "test_the_path_may_be_another": "takes its path from its own options only",
}
