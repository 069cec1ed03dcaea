"""Text messages: short texts, handed to whatever HTTP gateway the operator has a contract with, or to a folder."""

from executors.channels.sms.answer import AnswerRule
from executors.channels.sms.folder import SmsFolder
from executors.channels.sms.renderer import SmsRenderer
from executors.channels.sms.request import Authentication, RequestTemplate, SmsRequest
from executors.channels.sms.sender import GatewayAnswer, HttpGateway, SmsSender

__all__ = [
    "AnswerRule",
    "Authentication",
    "GatewayAnswer",
    "HttpGateway",
    "RequestTemplate",
    "SmsFolder",
    "SmsRenderer",
    "SmsRequest",
    "SmsSender",
]
