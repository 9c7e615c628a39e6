// A server that speaks S3, for the tests of what keeps media: node s3.js PORT FOLDER
import S3rver from "s3rver"

const [port, directory] = process.argv.slice(2)
const server = new S3rver({
  port: Number(port),
  address: "127.0.0.1",
  silent: true,
  directory,
  configureBuckets: [{ name: "media" }],
})
await server.run()
console.log("ready")
