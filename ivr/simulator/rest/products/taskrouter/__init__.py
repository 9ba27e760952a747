"""TaskRouter's REST API. (https://www.twilio.com/docs/taskrouter/api)"""
