require "openssl"
require "sinatra"

set :port, ENV.fetch("PORT")
set :bind, "127.0.0.1"
set :environment, :production

before do
  content_type "text/xml"
  signed = request.url + request.POST.sort.flatten.join
  hash = OpenSSL::HMAC.digest("SHA1", ENV.fetch("TWILIO_AUTH_TOKEN"), signed)
  halt 403 unless request.env["HTTP_X_TWILIO_SIGNATURE"] == [hash].pack("m0")
end

post "/voice" do
  <<~TWIML
    <Response>
      <Gather numDigits="1" action="#{url('/key')}"><Say>Welcome, #{params['FromCountry']}.</Say></Gather>
    </Response>
  TWIML
end

post "/key" do
  "<Response><Say>That was #{params['Digits']}.</Say></Response>"
end
