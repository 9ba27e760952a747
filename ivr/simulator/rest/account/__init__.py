"""The resources of an account. (https://www.twilio.com/docs/usage/api)"""
