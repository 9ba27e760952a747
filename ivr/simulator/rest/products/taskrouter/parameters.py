"""Parameters of TaskRouter's that don't do what they do at Twilio; see
`ivr.simulator.rest.parameters`."""

from __future__ import annotations

from collections.abc import Mapping

_SPACE = "/v1/Workspaces/{workspace}"
_OLD = "only for workspaces in which workers have one task at a time; there are none any more"
_QUEUE = {"AssignmentActivitySid": _OLD, "ReservationActivitySid": _OLD}
SIMPLIFIED: Mapping[str, Mapping[str, str]] = {
    f"POST {_SPACE}/TaskQueues": _QUEUE,
    f"POST {_SPACE}/TaskQueues/{{sid}}": _QUEUE,
}
_ORDERED = {"MaxReservedWorkers": "1", "TaskOrder": "fifo"}
_FIRST = {"PrioritizeQueueOrder": "fifo"}
_OFFER = {
    **dict.fromkeys(("Beep", "EarlyMedia", "StartConferenceOnEnter"), "true"),
    **dict.fromkeys(("Muted", "Record"), "false"),
    **dict.fromkeys(("CallRecord", "ConferenceRecord", "DequeueRecord"), "do-not-record"),
    **dict.fromkeys(
        (
            *("BeepOnCustomerEntrance", "ConferenceRecordingStatusCallback"),
            *("ConferenceRecordingStatusCallbackMethod", "ConferenceTrim", "JitterBufferSize"),
            *("MaxParticipants", "RecordingChannels", "RecordingStatusCallback"),
            *("RecordingStatusCallbackMethod", "Region", "SipAuthPassword", "SipAuthUsername"),
            *("StatusCallback", "StatusCallbackEvent", "StatusCallbackMethod", "Supervisor"),
            *("SupervisorMode", "WaitMethod", "WaitUrl"),
        ),
        "",
    ),
}
REFUSED: Mapping[str, Mapping[str, str]] = {
    "POST /v1/Workspaces": _FIRST,
    f"POST {_SPACE}": _FIRST,
    f"GET {_SPACE}/TaskQueues": dict.fromkeys(
        ("EvaluateWorkerAttributes", "Ordering", "WorkerSid"), ""
    ),
    f"POST {_SPACE}/TaskQueues": _ORDERED,
    f"POST {_SPACE}/TaskQueues/{{sid}}": _ORDERED,
    f"GET {_SPACE}/Tasks": dict.fromkeys(
        (
            *("EvaluateTaskAttributes", "HasAddons", "Ordering", "RoutingTarget"),
            *("TaskQueueName", "WorkflowName"),
        ),
        "",
    ),
    f"POST {_SPACE}/Tasks": {
        "IgnoreCapacity": "false",
        "RoutingTarget": "",
        "TaskQueueSid": "",
        "VirtualStartTime": "",
    },
    f"POST {_SPACE}/Tasks/{{task}}": {"TaskChannel": "", "VirtualStartTime": ""},
    f"POST {_SPACE}/Tasks/{{task}}/Reservations/{{sid}}": _OFFER,
    f"GET {_SPACE}/Workers": dict.fromkeys(("Ordering", "TaskQueueName", "TaskQueueSid"), ""),
    f"POST {_SPACE}/Workers/{{worker}}/Reservations/{{sid}}": _OFFER,
    f"POST {_SPACE}/Workflows/{{sid}}": {"ReEvaluateTasks": "false"},
}
